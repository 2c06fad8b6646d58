// The small pictures that the server sends as data URLs: as files, and as grey values.

const SIDE = 28;

/** @param {string} url a data URL in base64 */
export function blobOf(url) {
  const [head, data] = url.split(',');
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: /^data:([^;]+)/.exec(head)[1] });
}

/**
 * The grey values of a picture of 28 × 28, each in 0..1, row by row.
 * @param {string} url
 */
export async function valuesOf(url) {
  const bitmap = await createImageBitmap(blobOf(url));
  const context = new OffscreenCanvas(SIDE, SIDE).getContext('2d');
  context.drawImage(bitmap, 0, 0, SIDE, SIDE);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  return Array.from(
    { length: SIDE * SIDE },
    (_, i) => Math.round((data[4 * i] / 255) * 1000) / 1000,
  );
}
