// A request as a line for the shell or for Python, with nothing in it that only the page knows.

import { hasKey } from './api.js';

/**
 * @typedef {object} ApiRequest
 * @property {string} [method] GET where it is left out
 * @property {string} path with its query
 * @property {object} [json] the body
 * @property {Record<string, string>} [fields] the texts of a form
 * @property {Record<string, string>} [files] the files of a form, by their names here
 * @property {boolean} [saves] the answer is a file to keep
 */

/** @param {ApiRequest} request */
export function asCurl({ method = 'GET', path, json, fields, files, saves }) {
  const lines = [`curl ${quoted(location.origin + path)}`];
  const sendsBody = json !== undefined || fields || files;
  if (method !== (sendsBody ? 'POST' : 'GET')) lines.push(`-X ${method}`);
  if (hasKey()) lines.push('-H "Authorization: Bearer $MNISTRY_KEY"');
  if (json !== undefined) {
    lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(json))}`);
  }
  for (const [name, text] of Object.entries(fields ?? {})) {
    lines.push(`--form-string ${quoted(`${name}=${text}`)}`);
  }
  for (const [name, file] of Object.entries(files ?? {})) {
    lines.push(`-F ${quoted(`${name}=@"${file.replace(/["\\]/g, '\\$&')}"`)}`);
  }
  if (saves) lines.push('-OJ');
  return lines.join(' \\\n  ');
}

/** @param {ApiRequest} request */
export function asPython({ method = 'GET', path, json, fields, files, saves }) {
  const lines = [`    ${literal(location.origin + path)},`];
  if (hasKey()) {
    lines.push(`    headers={"Authorization": f"Bearer {os.environ['MNISTRY_KEY']}"},`);
  }
  if (json !== undefined) lines.push(`    json=${literal(json)},`);
  if (fields) lines.push(`    data=${literal(fields)},`);
  if (files) {
    const opened = Object.entries(files).map(
      ([name, file]) => `${literal(name)}: open(${literal(file)}, "rb")`,
    );
    lines.push(`    files={${opened.join(', ')}},`);
  }
  lines.push('    timeout=60,');
  return [
    ...(hasKey() ? ['import os', ''] : []),
    'import httpx',
    '',
    `response = httpx.${method.toLowerCase()}(`,
    ...lines,
    ')',
    'response.raise_for_status()',
    saves ? 'open("model", "wb").write(response.content)' : 'print(response.json())',
  ].join('\n');
}

/** One word of a POSIX shell, whatever is in it. */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** JSON's strings and numbers are Python's too; its three words are not. */
function literal(value) {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).map(([name, one]) => `${literal(name)}: ${literal(one)}`);
  return `{${entries.join(', ')}}`;
}
