// Keeps a file that the API gives. A plain link could not carry a key.

import { send } from './api.js';
import { element } from './dom.js';

/** @param {string} path */
export async function download(path) {
  const response = await send(path);
  const disposition = response.headers.get('Content-Disposition') ?? '';
  const [, name] = /filename="([^"]+)"/.exec(disposition) ?? [null, 'model'];
  const address = URL.createObjectURL(await response.blob());
  element('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // once the browser has surely read it
}
