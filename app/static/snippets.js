// A request in the languages of those who send it.

/** @typedef {import('./requests.js').Request} Request */

/** @param {Request} request */
export function asCurl({ method = 'POST', path, body }) {
  const lines = [`curl -X ${method} ${quoted(location.origin + path)}`];
  if (body instanceof FormData) {
    for (const [name, value] of body) {
      const part = value instanceof File ? `@${value.name}` : value;
      lines.push(`-F ${quoted(`${name}=${part}`)}`);
    }
  } else if (body) {
    lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  }
  return lines.join(' \\\n  ');
}

/** @param {Request} request */
export function asPython({ method = 'POST', path, body }) {
  const given = [JSON.stringify(location.origin + path)];
  if (body instanceof FormData) {
    const entries = [...body];
    const files = entries.filter(([, value]) => value instanceof File);
    const fields = entries.filter(([, value]) => !(value instanceof File));
    const opened = files.map(
      ([name, { name: file }]) => `(${text(name)}, open(${text(file)}, "rb"))`,
    );
    if (fields.length) given.push(`data=${python(Object.fromEntries(fields))}`);
    if (opened.length) given.push(`files=[${opened.join(', ')}]`);
  } else if (body) given.push(`json=${python(body)}`);
  const call = `httpx.${method.toLowerCase()}(\n    ${given.join(',\n    ')},\n)`;
  return `import httpx\n\nanswer = ${call}\nprint(answer.json())`;
}

/** For a POSIX shell. */
const quoted = (words) => `'${words.replaceAll("'", "'\\''")}'`;

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
