// Numbers, times, states and readings in words.

export const DIGITS = [...'0123456789'];

const counted = new Intl.NumberFormat('en');
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const dated = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

export const count = (number) => counted.format(Math.round(number));

/** A share of one; never rounds to a certainty that is not there. */
export function percent(share) {
  const text = (share * 100).toFixed(1);
  if (share < 1 && text === '100.0') return '>99.9%';
  if (share > 0 && text === '0.0') return '<0.1%';
  return `${text}%`;
}

export function duration(seconds) {
  if (seconds < 0.95) return 'under a second';
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Number((seconds / 3600).toFixed(1))} h`;
}

/** @param {string} time RFC 3339 */
export const moment = (time) => dated.format(new Date(time));

/** @param {string} time RFC 3339 */
export function ago(time) {
  const seconds = (new Date(time) - Date.now()) / 1000;
  if (seconds > -60) return 'just now';
  if (seconds > -3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (seconds > -86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  return relative.format(Math.round(seconds / 86_400), 'day');
}

export const isOver = (status) => ['succeeded', 'failed', 'cancelled'].includes(status);

export const jobTitle = ({ name, preset, network, id }) => name || preset || network?.name || id;

/** An identifier as a reader would write it: `max_pool2d` is a max pool. */
export const spaced = (identifier) => identifier.replace('2d', '').replaceAll('_', ' ');

/** @param {number[]} shape of one sample */
export const shapeWords = (shape) => shape.join(' × ');

/** @param {{type: string}} layer of a network's definition */
export function layerWords(layer) {
  const kind = spaced(layer.type);
  const window = `${layer.kernel_size}×${layer.kernel_size}`;
  if (layer.output_channels) return `${kind} ${layer.output_channels} · ${window}`;
  if (layer.output_dim) return `${kind} ${layer.output_dim}`;
  if (layer.kernel_size) return `${kind} ${window}`;
  if (layer.layers) return `${kind} of ${layer.layers.length}`;
  return kind;
}

/** @param {object} recipe the part of a job that says how it trains */
export function recipeWords({ epochs, batch_size: batch, optimizer, schedule, augmentation }) {
  const parts = [];
  if (epochs) parts.push(epochs === 1 ? '1 epoch' : `${epochs} epochs`);
  if (batch) parts.push(`batches of ${batch}`);
  if (optimizer) parts.push(`${optimizer.type}, learning rate ${optimizer.learning_rate}`);
  if (schedule && schedule.type !== 'constant') parts.push(`${spaced(schedule.type)} schedule`);
  const changes = Object.entries(augmentation ?? {}).filter(([, amount]) => amount);
  if (changes.length) parts.push(`varied by ${changes.map(([name]) => name).join(', ')}`);
  return parts.join(' · ');
}

const isDigit = (label) => /^\d$/.test(label);

function named(label) {
  if (!isDigit(label)) return `“${label}”`;
  return label === '8' ? 'an 8' : `a ${label}`;
}

const seemsNoDigit = ({ is_digit: chance }) => chance != null && chance < 0.5;

/**
 * What a prediction says, and how sure it is of it.
 * @param {import('./draw/verdict.js').Prediction} prediction
 * @param {string[]} classes
 * @returns {{numeral: string, sure: boolean, title: string, words: string}}
 */
export function readingWords(prediction, classes) {
  const { label, confidence, probabilities } = prediction;
  const [, second] = probabilities
    .map((chance, i) => ({ chance, label: classes[i] }))
    .sort((a, b) => b.chance - a.chance);
  const other = second ? named(second.label) : '';
  const share = percent(confidence);

  if (seemsNoDigit(prediction)) {
    const words = `If it is one, then ${named(label)}.`;
    return { numeral: '?', sure: false, title: 'This does not look like a digit', words };
  }
  if (confidence < 0.6) {
    const words = `Only ${share} sure. It could well be ${other}.`;
    return { numeral: label, sure: false, title: `Maybe ${named(label)}?`, words };
  }
  let words = `No doubt about it: ${share}.`;
  if (confidence < 0.99) words = `Quite sure: ${share}.`;
  if (confidence < 0.9) words = `Fairly sure: ${share}. It could also be ${other}.`;
  return { numeral: label, sure: true, title: `It’s ${named(label)}`, words };
}

/** What the server had to do to a picture, by the code it gives. */
const WARNINGS = {
  inverted: 'Dark on light: turned into light on dark.',
  cut_off: 'It runs over the edge: a part may be missing.',
  several_blobs: 'There may be more than one digit on it.',
};

export const warningWords = (code) => WARNINGS[code] ?? `${spaced(code)}.`;
