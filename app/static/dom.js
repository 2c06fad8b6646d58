// Elements built from plain values. Text is always text: nothing here parses markup.

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] set as properties (`className`, `value`, ...)
 * @param {...(Node | string)} children
 */
export function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/**
 * Adds a style sheet that is not needed at first sight.
 * @param {string} href
 * @returns {Promise<void>} settled when it is there, or is not to be had
 */
export function stylesheet(href) {
  const link = element('link', { rel: 'stylesheet', href });
  return new Promise((ready, failed) => {
    link.onload = () => ready();
    link.onerror = () => {
      link.remove();
      failed(new Error('The server does not answer.'));
    };
    document.head.append(link);
  });
}
