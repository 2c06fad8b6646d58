// A request in the languages of those who send it: curl in a POSIX shell, and Python with httpx. A key
// is named, never shown: both take it from the environment, as the command line does.

/** @typedef {import('./requests.js').Request} Request */

/**
 * @param {Request} request
 * @param {boolean} keyed whether the service asks for a key
 */
export function asCurl({ method = 'POST', path, body, file, stream }, keyed) {
  const lines = [`curl${stream ? ' -N' : ''} -X ${method} ${quoted(location.origin + path)}`];
  if (keyed) lines.push('-H "Authorization: Bearer $MNISTRY_KEY"');
  if (body instanceof FormData) {
    for (const [name, value] of body) {
      // --form-string: a value may begin with @ or <, which -F would take for a file's name.
      if (value instanceof File) lines.push(`-F ${quoted(`${name}=@${inForm(value.name)}`)}`);
      else lines.push(`--form-string ${quoted(`${name}=${value}`)}`);
    }
  } else if (body) {
    lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  }
  if (file) lines.push(`-o ${quoted(file)}`);
  return lines.join(' \\\n  ');
}

/**
 * @param {Request} request
 * @param {boolean} keyed
 */
export function asPython({ method = 'POST', path, body, file, stream }, keyed) {
  const given = [text(location.origin + path)];
  if (body instanceof FormData) given.push(...form([...body]));
  else if (body) given.push(`json=${python(body)}`);
  if (keyed) given.push('headers={"Authorization": "Bearer " + os.environ["MNISTRY_KEY"]}');
  if (!stream) given.push('timeout=60');
  const call = (name, first = []) => `${name}(\n    ${[...first, ...given].join(',\n    ')},\n)`;
  const imports = keyed ? 'import os\n\nimport httpx\n' : 'import httpx\n';
  if (stream) {
    const lines = '    for line in answer.iter_lines():\n        print(line)';
    return `${imports}\nwith ${call('httpx.stream', [text(method)])} as answer:\n${lines}`;
  }
  const asked = `${imports}\nanswer = ${call(`httpx.${method.toLowerCase()}`)}`;
  if (!file) return `${asked}\nprint(answer.json())`;
  return `${asked}\nwith open(${text(file)}, "wb") as file:\n    file.write(answer.content)`;
}

function form(entries) {
  const fields = entries.filter(([, value]) => !(value instanceof File));
  const files = entries
    .filter(([, value]) => value instanceof File)
    .map(([name, { name: file }]) => `(${text(name)}, open(${text(file)}, "rb"))`);
  const given = [];
  if (fields.length) given.push(`data=${python(Object.fromEntries(fields))}`);
  if (files.length) given.push(`files=[${files.join(', ')}]`);
  return given;
}

/** For a POSIX shell. */
const quoted = (words) => `'${words.replaceAll("'", "'\\''")}'`;

/** A file's name as curl's -F takes it, whatever is in it. */
const inForm = (name) => (/[;,"\\]/.test(name) ? `"${name.replace(/["\\]/g, '\\$&')}"` : name);

/** A string of JSON is one of Python too. */
const text = (words) => JSON.stringify(words);

function python(value) {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries.map(([name, item]) => `${text(name)}: ${python(item)}`).join(', ')}}`;
}
