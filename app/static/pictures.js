// Pictures that the API gives: fetched like all else, since an <img> by itself cannot carry a key,
// and only once they come into view.

import { send } from './api.js';
import { element } from './dom.js';

const paths = new WeakMap();
const seen = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      fill(target, paths.get(target));
    }
  },
  { rootMargin: '200px' },
);

/**
 * @param {string} path
 * @param {string} alt
 */
export function picture(path, alt = '') {
  const image = element('img', { alt, width: 28, height: 28 });
  paths.set(image, path);
  seen.observe(image);
  return image;
}

/**
 * The address of a sample's picture.
 * @param {string} dataset
 * @param {'train' | 'test'} split
 * @param {number} index
 */
export const samplePath = (dataset, split, index) =>
  `/v1/datasets/${encodeURIComponent(dataset)}/samples/${index}?split=${split}`;

/**
 * Puts what the API gives into an image.
 * @param {HTMLImageElement} image
 * @param {Blob} blob
 */
export function showBlob(image, blob) {
  const address = URL.createObjectURL(blob);
  const release = () => URL.revokeObjectURL(address);
  image.addEventListener('load', release, { once: true });
  image.addEventListener('error', release, { once: true });
  image.src = address;
}

async function fill(image, path) {
  try {
    showBlob(image, await (await send(path)).blob());
  } catch {
    image.classList.add('missing'); // the banner says what is wrong with the server
  }
}
