// Write a call as a program: curl, Python with requests, and the official SDK.

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
// A JSON string is a valid Python string.
const python = (text) => JSON.stringify(text);

/** Placeholders for secrets. */
export const PLACEHOLDERS = {
  token: "YOUR-TOKEN",
  access: "YOUR-ACCESS-KEY",
  secret: "YOUR-SECRET-KEY",
};

/**
 * @typedef {object} Call
 * @property {string} origin of the server, such as `http://127.0.0.1:8000`.
 * @property {string} project its id.
 * @property {string|null} token null on a server without authentication.
 * @property {string} file name of the image; empty if there is a `url`.
 * @property {string} url
 * @property {object} fields other fields of the body.
 */

/** @param {Call} call */
export function toCurl({ origin, project, token, file, url, fields }) {
  const rest = Object.entries(fields).map(([name, value]) => `, ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  const address = shell(`${origin}/v2/${project}/ocr/web-image`);
  const auth = token === null ? "" : ` \\\n  -H ${shell(`X-Auth-Token: ${token}`)}`;
  const type = " \\\n  -H 'Content-Type: application/json'";
  if (url) {
    const body = JSON.stringify({ url, ...fields });
    return `curl ${address}${auth}${type} \\\n  --data-binary ${shell(body)}\n`;
  }
  // Pipe the image: it is too long for an argument.
  return (
    `{ printf '{"image": "'; base64 -w0 -- ${shell(file)}; printf '%s' ${shell(`"${rest.join("")}}`)}; } \\\n` +
    `  | curl ${address}${auth}${type} \\\n  --data-binary @-\n`
  );
}

/** @param {Call} call */
export function toRequests({ origin, project, token, file, url, fields }) {
  const headers = token === null ? "" : `    headers={"X-Auth-Token": ${python(token)}},\n`;
  const body = [...source(file, url).map(([name, value]) => `${python(name)}: ${value}`), ...members(fields)];
  return (
    `${url ? "" : "import base64\n\n"}import requests\n\n` +
    `${url ? "" : readFileCode(file)}` +
    "response = requests.post(\n" +
    `    ${python(`${origin}/v2/${project}/ocr/web-image`)},\n${headers}` +
    `    json={${body.join(", ")}},\n    timeout=90,\n)\n` +
    "response.raise_for_status()\n" +
    'for block in response.json()["result"]["words_block_list"]:\n' +
    '    print(block["words"], block["confidence"], block["location"])\n'
  );
}

/** @param {Call} call its token is unused: the SDK signs with an access key. */
export function toSdk({ origin, project, file, url, fields }) {
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
    `${url ? "" : readFileCode(file)}` +
    `body = WebImageRequestBody(${body.join(", ")})\n` +
    "response = client.recognize_web_image(RecognizeWebImageRequest(body=body))\n" +
    "for block in response.result.words_block_list:\n" +
    "    print(block.words, block.confidence, block.location)\n"
  );
}

const source = (file, url) => [url ? ["url", python(url)] : ["image", "image"]];
const readFileCode = (file) =>
  `with open(${python(file)}, "rb") as file:\n    image = base64.b64encode(file.read()).decode()\n`;
const members = (fields) =>
  Object.entries(fields).map(([name, value]) => `${python(name)}: ${literal(value)}`);

function literal(value) {
  if (value === true) return "True";
  if (value === false) return "False";
  return JSON.stringify(value);
}
