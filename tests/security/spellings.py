"""List the ways to write an address that only this server can reach.

``{port}`` stands for an allowed port with a listener.
"""

from __future__ import annotations

from collections.abc import Mapping

IPV4 = """
    http://127.0.0.1:{port}/ http://127.0.0.1:{port} http://127.1:{port}/ http://127.0.1:{port}/
    http://127:{port}/ http://2130706433:{port}/ http://017700000001:{port}/
    http://0x7f000001:{port}/ http://0x7F000001:{port}/ http://0X7f.0X0.0X0.0X1:{port}/
    http://0x7f.1:{port}/ http://0177.1:{port}/ http://0177.0.0.1:{port}/
    http://0177.0.0.01:{port}/ http://127.0.0.01:{port}/ http://127.0.0x1:{port}/
    http://127.0x000001:{port}/ http://0x7f.0.0.1:{port}/ http://127.0.0.0x1:{port}/
    http://00000177.0.0.1:{port}/ http://127.00.00.01:{port}/ http://4294967295:{port}/
    http://6425673729:{port}/ http://127.0.0.257:{port}/ http://383.0.0.1:{port}/
    http://127.0.0.1.:{port}/ http://127.0.0.1..:{port}/ http://2130706433.:{port}/
    http://127.000.000.001:{port}/ http://127.255.255.254:{port}/ http://127.2:{port}/
    http://0:{port}/ http://0.0.0.0:{port}/ http://0.0:{port}/ http://00:{port}/
    http://0x0:{port}/ http://0x:{port}/ http://0.0.0.1:{port}/
    http://10.0.0.1:{port}/ http://10.1:{port}/ http://167772161:{port}/ http://012.0.0.1:{port}/
    http://172.16.0.1:{port}/ http://192.168.0.1:{port}/ http://192.168.257:{port}/
    http://0300.0250.0.1:{port}/ http://100.64.0.1:{port}/ http://100.100.100.200:{port}/
    http://169.254.169.254:{port}/latest/meta-data/ http://2852039166:{port}/
    http://0xa9fea9fe:{port}/ http://0251.0376.0251.0376:{port}/ http://169.254.43518:{port}/
    http://0xA9.0xFE.0xA9.0xFE:{port}/ http://169.16689662:{port}/ http://169.254.170.2:{port}/v2
    http://168.63.129.16:{port}/ http://192.0.0.192:{port}/ http://198.18.0.1:{port}/
    http://192.0.2.1:{port}/ http://224.0.0.1:{port}/ http://255.255.255.255:{port}/
"""

IPV6 = """
    http://[::1]:{port}/ http://[0:0:0:0:0:0:0:1]:{port}/ http://[::0001]:{port}/
    http://[0000:0000:0000:0000:0000:0000:0000:0001]:{port}/ http://[::]:{port}/
    http://[::127.0.0.1]:{port}/ http://[::7f00:1]:{port}/ http://[::ffff:127.0.0.1]:{port}/
    http://[::FFFF:7F00:1]:{port}/ http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/
    http://[::ffff:0:127.0.0.1]:{port}/ http://[::ffff:a9fe:a9fe]:{port}/
    http://[::ffff:0a00:0001]:{port}/ http://[::ffff:0.0.0.0]:{port}/
    http://[64:ff9b::127.0.0.1]:{port}/ http://[64:ff9b::7f00:1]:{port}/
    http://[64:ff9b::a9fe:a9fe]:{port}/ http://[64:ff9b:1::7f00:1]:{port}/
    http://[2002:7f00:0001::]:{port}/ http://[2002:a9fe:a9fe::1]:{port}/
    http://[2001:0:7f00:1::80ff:fffe]:{port}/ http://[2001::1]:{port}/
    http://[fe80::1]:{port}/ http://[fe80::1%25lo]:{port}/ http://[fe80::1%lo]:{port}/
    http://[::1%25lo]:{port}/ http://[::1%lo]:{port}/ http://[::1%251]:{port}/
    http://[fc00::1]:{port}/ http://[fd00:ec2::254]:{port}/latest/meta-data/
    http://[fec0::1]:{port}/ http://[ff02::1]:{port}/ http://[2001:db8::1]:{port}/
    http://[100::1]:{port}/ http://[5f00::1]:{port}/ http://[::1].:{port}/
    http://[127.0.0.1]:{port}/ http://[v1.::1]:{port}/ http://::1:{port}/ http://[::1:{port}/
    http://[[::1]]:{port}/ http://[::1]@127.0.0.1:{port}/ http://[0x7f.1]:{port}/
"""

OTHER_LETTERS = """
    http://１２７.0.0.1:{port}/ http://１２７．０．０．１:{port}/ http://127。0。0。1:{port}/
    http://127｡0｡0｡1:{port}/ http://①②⑦.⓪.⓪.①:{port}/ http://⑫７.0.0.1:{port}/
    http://𝟏𝟐𝟕.𝟎.𝟎.𝟏:{port}/ http://²１３０７０６４３３:{port}/ http://０x7f.1:{port}/
    http://0ｘ7f000001:{port}/ http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/ http://ｌｏｃａｌｈｏｓｔ:{port}/
    http://𝓁ocalhost:{port}/ http://loc\u00adalhost:{port}/ http://127.0.0.1\u00ad:{port}/
    http://１６９。254。169。254:{port}/ http://127.0.0\u200b.1:{port}/
    http://⑴⑵⑺.0.0.1:{port}/ http://127․0․0․1:{port}/ http://[：：1]:{port}/
    http://127.0.0.1：{port}/ http://127.0.0.1\ufe55{port}/
"""

ENCODED = """
    http://%31%32%37.0.0.1:{port}/ http://127%2e0%2e0%2e1:{port}/ http://%6c%6fcalhost:{port}/
    http://127.0.0.1%00.example.com:{port}/ http://127.0.0.1%2f.example.com:{port}/
    http://127.0.0.1%23.example.com:{port}/ http://127.0.0.1%40example.com:{port}/
    http://%5b::1%5d:{port}/ http://127.0.0.1%3a{port}/ http://%E2%91%A0%E2%91%A1%E2%91%A6.0.0.1:{port}/
    http://example.com%252f@127.0.0.1:{port}/ http://127.0.0.1%20:{port}/ http://127.0.0.1%0d%0a:{port}/
"""

CREDENTIALS = """
    http://a@127.0.0.1:{port}/ http://a:b@127.0.0.1:{port}/ http://@127.0.0.1:{port}/
    http://:@127.0.0.1:{port}/ http://ok.example@127.0.0.1:{port}/
    http://ok.example:80@127.0.0.1:{port}/ http://127.0.0.1:{port}@ok.example/
    http://ok.example&@127.0.0.1:{port}/ http://ok.example%20@127.0.0.1:{port}/
    http://a@b@127.0.0.1:{port}/ http://127.0.0.1:{port}#@ok.example/
    http://127.0.0.1:{port}?@ok.example/ http://127.0.0.1:{port};@ok.example/
    http://127.0.0.1:{port}/@ok.example
    http://[::1]:{port}#@ok.example/ http://ok.example:x@127.0.0.1:{port}/
"""

BREAKS = (
    "http://127.0.0.1:{port}\\@ok.example/",
    "http://ok.example\\@127.0.0.1:{port}/",
    "http://127.0.0.1\\.ok.example:{port}/",
    "http:\\\\127.0.0.1:{port}\\",
    "http:/\\127.0.0.1:{port}/",
    "http://ok.example:80\\127.0.0.1:{port}/",
    "\thttp://127.0.0.1:{port}/",
    "ht\ttp://127.0.0.1:{port}/",
    "http://127.0\t.0.1:{port}/",
    "http://127.0.0.1\t:{port}/",
    "http://127.0.0.1:{port}\t/",
    " http://127.0.0.1:{port}/ ",
    "http:// 127.0.0.1:{port}/",
    "http://127.0.0.1 :{port}/",
    "http://127.0.0.1 .ok.example:{port}/",
    "http://127.0.0.1:{port} @ok.example/",
)

LINES = (
    "\nhttp://127.0.0.1:{port}/",
    "http://127.0.\n0.1:{port}/",
    "http://127.0.0.1:{port}\r\n/",
    "http://ok.example\r\nHost: 127.0.0.1:{port}/",
    "http://ok.example\0.127.0.0.1:{port}/",
    "http://127.0.0.1\0:{port}/",
    "http://127.0.0.1:{port}/\x7f",
    "\x00http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/\x0b",
)
"""URLs that cannot be in the header of a redirect."""

SCHEMES = """
    HTTP://127.0.0.1:{port}/ HtTpS://127.0.0.1:{port}/ https://127.0.0.1:{port}/ ftp://127.0.0.1:{port}/
    FTP://127.0.0.1:{port}/ file:///etc/passwd file://127.0.0.1:{port}/etc/passwd FILE:/etc/passwd
    gopher://127.0.0.1:{port}/_GET dict://127.0.0.1:{port}/info ldap://127.0.0.1:{port}/
    data:image/png;base64,AAAA javascript:alert(1) jar:http://127.0.0.1:{port}/!/ ws://127.0.0.1:{port}/
    unix:///var/run/docker.sock http+unix://%2Fvar%2Frun%2Fdocker.sock/ tftp://127.0.0.1:{port}/
    netdoc:///etc/passwd url:http://127.0.0.1:{port}/ view-source:http://127.0.0.1:{port}/
    blob:http://127.0.0.1:{port}/ sftp://127.0.0.1:{port}/ http+http://127.0.0.1:{port}/
"""

PORTS = """
    http://ok.example:22/ http://ok.example:6379/ http://ok.example:0/ http://ok.example:65536/
    http://ok.example:-1/ http://ok.example:+80/ http://ok.example:80:80/ http://ok.example:8O/
    http://ok.example:0x50/ http://ok.example:٨٠/ http://ok.example:000000000000022/
    http://127.0.0.1:{port}:80/ http://127.0.0.1:0{port}/
"""

NAMED = """
    http://localhost:{port}/ http://LOCALHOST:{port}/ http://localhost.:{port}/
    http://localhost.localdomain:{port}/ http://ip6-localhost:{port}/
    http://metadata.google.internal:{port}/computeMetadata/v1/ http://metadata:{port}/
    http://instance-data:{port}/ http://127.0.0.1.nip.io:{port}/ http://localtest.me:{port}/
    http://private.example:{port}/ http://PRIVATE.example.:{port}/ http://cgnat.example:{port}/
    http://loopback6.example:{port}/ http://mapped.example:{port}/ http://scoped.example:{port}/
    http://nat64.example:{port}/ http://sixtofour.example:{port}/ http://unspecified.example:{port}/
    http://mixed.example:{port}/ http://mixed6.example:{port}/ http://last.example:{port}/
    http://例え.example:{port}/ http://xn--r8jz45g.example:{port}/ http://spelled.example:{port}/
"""

WITHOUT_HOST = """
    //127.0.0.1:{port}/ 127.0.0.1:{port} 127.0.0.1:{port}/a.png localhost:{port}/ /etc/passwd
    http: http:/ http:// http:/// http:///127.0.0.1:{port}/ http:127.0.0.1:{port}/
    http:/127.0.0.1:{port}/ http://?127.0.0.1:{port} http://#127.0.0.1:{port} http://:{port}/
    http://.:{port}/ http://..:{port}/ http://%00:{port}/ ://127.0.0.1:{port}/ ? #
    https:ok.example https:/ok.example ///127.0.0.1:{port}/
"""
"""Not used behind a redirect: relative to the redirecting host, some mean that host."""

ADDRESSES: Mapping[str, tuple[str, ...]] = {
    "ok.example": ("93.184.216.34",),
    "localhost": ("127.0.0.1", "::1"),
    "localhost.localdomain": ("127.0.0.1",),
    "ip6-localhost": ("::1",),
    "metadata.google.internal": ("169.254.169.254",),
    "metadata": ("169.254.169.254",),
    "instance-data": ("169.254.169.254",),
    "127.0.0.1.nip.io": ("127.0.0.1",),
    "localtest.me": ("127.0.0.1",),
    "private.example": ("10.0.0.1",),
    "cgnat.example": ("100.64.0.1",),
    "loopback6.example": ("::1",),
    "mapped.example": ("::ffff:127.0.0.1",),
    "scoped.example": ("fe80::1%lo",),
    "nat64.example": ("64:ff9b::7f00:1",),
    "sixtofour.example": ("2002:7f00:1::1",),
    "unspecified.example": ("0.0.0.0",),  # noqa: S104 - nothing is bound
    "mixed.example": ("93.184.216.34", "127.0.0.1"),
    "mixed6.example": ("::1", "2606:4700::1111"),
    "last.example": ("93.184.216.34", "93.184.216.35", "93.184.216.36", "192.168.1.1"),
    "xn--r8jz45g.example": ("127.0.0.1",),
    "spelled.example": ("0x7f.1",),
}
"""Addresses of the names."""

ABSOLUTE = (
    *(IPV4 + IPV6 + OTHER_LETTERS + ENCODED + CREDENTIALS + SCHEMES + PORTS + NAMED).split(),
    *BREAKS,
)
"""URLs that mean the same behind a redirect."""

SPELLINGS = (*ABSOLUTE, *LINES, *WITHOUT_HOST.split())
