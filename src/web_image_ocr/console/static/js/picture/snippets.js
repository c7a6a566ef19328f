// The same call from elsewhere: as curl, as Python with requests, and with the official SDK.
// Pure functions from what is called to program text; tests run what they give.

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
// JSON's texts are Python's too.
const python = (text) => JSON.stringify(text);

/** What stands for a secret that the console does not know or should not show. */
export const PLACEHOLDERS = {
  token: "YOUR-TOKEN",
  access: "YOUR-ACCESS-KEY",
  secret: "YOUR-SECRET-KEY",
};

/**
 * @typedef {object} Call
 * @property {string} origin of the server, such as `http://127.0.0.1:8000`.
 * @property {string} project its id.
 * @property {string|null} token null where none is asked for.
 * @property {string} file its name; empty where there is a `url`.
 * @property {string} url
 * @property {object} fields the body's other members.
 */

/** @param {Call} call */
export function asCurl({ origin, project, token, file, url, fields }) {
  const rest = Object.entries(fields).map(([name, value]) => `, ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  const address = shell(`${origin}/v2/${project}/ocr/web-image`);
  const proof = token === null ? "" : ` \\\n  -H ${shell(`X-Auth-Token: ${token}`)}`;
  const type = " \\\n  -H 'Content-Type: application/json'";
  if (url) {
    const body = JSON.stringify({ url, ...fields });
    return `curl ${address}${proof}${type} \\\n  --data-binary ${shell(body)}\n`;
  }
  // The picture goes through a pipe: as an argument it would be too long for the shell.
  return (
    `{ printf '{"image": "'; base64 -w0 -- ${shell(file)}; printf '%s' ${shell(`"${rest.join("")}}`)}; } \\\n` +
    `  | curl ${address}${proof}${type} \\\n  --data-binary @-\n`
  );
}

/** @param {Call} call */
export function asRequests({ origin, project, token, file, url, fields }) {
  const headers = token === null ? "" : `    headers={"X-Auth-Token": ${python(token)}},\n`;
  const body = [...source(file, url).map(([name, value]) => `${python(name)}: ${value}`), ...members(fields)];
  return (
    `${url ? "" : "import base64\n\n"}import requests\n\n` +
    `${url ? "" : opened(file)}` +
    "answer = requests.post(\n" +
    `    ${python(`${origin}/v2/${project}/ocr/web-image`)},\n${headers}` +
    `    json={${body.join(", ")}},\n    timeout=90,\n)\n` +
    "answer.raise_for_status()\n" +
    'for block in answer.json()["result"]["words_block_list"]:\n' +
    '    print(block["words"], block["confidence"], block["location"])\n'
  );
}

/** @param {Call} call; a token is of no use to the SDK, which signs with a key. */
export function asSdk({ origin, project, file, url, fields }) {
  const body = [
    ...source(file, url).map(([name, value]) => `${name}=${value}`),
    ...Object.entries(fields).map(([name, value]) => `${name}=${literal(value)}`),
  ];
  return (
    `${url ? "" : "import base64\n\n"}` +
    "from huaweicloudsdkcore.auth.credentials import BasicCredentials\n" +
    "from huaweicloudsdkocr.v1 import OcrClient, RecognizeWebImageRequest, WebImageRequestBody\n\n" +
    `credentials = BasicCredentials(${[PLACEHOLDERS.access, PLACEHOLDERS.secret, project].map(python).join(", ")})\n` +
    "client = (\n    OcrClient.new_builder()\n    .with_credentials(credentials)\n" +
    `    .with_endpoint(${python(origin)})\n    .build()\n)\n` +
    `${url ? "" : opened(file)}` +
    `body = WebImageRequestBody(${body.join(", ")})\n` +
    "answer = client.recognize_web_image(RecognizeWebImageRequest(body=body))\n" +
    "for block in answer.result.words_block_list:\n" +
    "    print(block.words, block.confidence, block.location)\n"
  );
}

const source = (file, url) => [url ? ["url", python(url)] : ["image", "image"]];
const opened = (file) =>
  `with open(${python(file)}, "rb") as picture:\n    image = base64.b64encode(picture.read()).decode()\n`;
const members = (fields) =>
  Object.entries(fields).map(([name, value]) => `${python(name)}: ${literal(value)}`);

function literal(value) {
  if (value === true) return "True";
  if (value === false) return "False";
  return JSON.stringify(value);
}
