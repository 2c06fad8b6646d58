// A network as a drawing: what flows through it as sheets and columns, what happens to it between
// them, residual blocks as roads around the layers that they hold.

import { svg } from '../dom.js';
import { count, layerWords, spaced } from '../words.js';
import { layerName, shapeWords } from './network.js';

const GAP = 14;
const GATE = 22;
const GATE_HEIGHT = 84;
const SHEETS = 7; // more channels than this are drawn as so many
const SHEET_STEP = 3;
const UNITS = 12; // a vector of so many numbers is drawn number by number
const LETTER = 6.2; // about how wide a letter is
const LABEL = 74; // from the middle up to what is done, and down to the shape
const ROAD = 106; // from the middle up to the innermost road around
const LEVEL = 20;
const LARGEST = 1.4; // times its size, where there is room

/**
 * @param {number[]} input
 * @param {import('./network.js').PlacedLayer[]} layers
 */
export function drawNetwork(input, layers) {
  const largest = Math.max(
    1,
    ...imagesIn(input, layers).map((shape) => Math.max(...shape.slice(1))),
  );
  const pen = new Pen(largest);
  pen.value(input, ['input'], '', 'input');
  pen.chain(layers);
  const above = ROAD + depth(layers) * LEVEL + 6;
  const [width, height] = [pen.x + GAP, above + LABEL + 44];
  const drawing = svg('svg', {
    role: 'img',
    class: 'network',
    viewBox: `0 ${-above} ${width} ${height}`,
  });
  // In rem, so that it grows with the type of the page; small ones fill the room that there is.
  const natural = `${width / 16}rem`;
  drawing.style.width = `max(${natural}, min(${LARGEST} * ${natural}, 100%))`;
  drawing.append(...pen.drawn);
  const steps = layers.map((layer) => `${layerName(layer.spec)}: ${shapeWords(layer.output)}`);
  drawing.setAttribute('aria-label', `Input ${shapeWords(input)}, then ${steps.join(', ')}.`);
  return drawing;
}

/** Draws from left to right along a line at height 0. */
class Pen {
  x = GAP;
  drawn = [];

  constructor(largest) {
    this.largest = largest;
  }

  chain(layers) {
    for (const layer of layers) {
      if (layer.inner.length) this.#around(layer);
      else if (String(layer.output) === String(layer.input)) this.#gate(layer);
      else this.value(layer.output, labelLines(layer.spec), cost(layer), layer.place);
    }
  }

  /** What a layer gives, with what it is above and its shape below. */
  value(shape, lines, below, place) {
    const body = shape.length === 3 ? this.#sheets(shape) : column(shape);
    const longest = Math.max(...[...lines, shapeWords(shape), below].map((line) => line.length));
    const width = Math.max(body.width, longest * LETTER);
    const middle = this.#enter() + width / 2;
    const at = (y, text, kind) => svg('text', { x: middle, y, class: kind }, text);
    const texts = lines.map((line, i) =>
      at(-LABEL + (i - lines.length + 1) * 14, line, i ? 'quiet' : 'strong'),
    );
    body.node.setAttribute('transform', `translate(${middle - body.width / 2} 0)`);
    texts.push(at(LABEL + 12, shapeWords(shape), 'strong'), at(LABEL + 27, below, 'quiet'));
    const through = svg('path', { class: 'flow', d: `M${middle - width / 2} 0h${width}` });
    this.#add(place, through, body.node, ...texts);
    this.x += width;
  }

  #gate({ spec, parameters, place }) {
    const x = this.#enter();
    const box = svg('rect', {
      class: `gate${parameters ? ' trained' : ''}`,
      x,
      y: -GATE_HEIGHT / 2,
      width: GATE,
      height: GATE_HEIGHT,
      rx: 6,
    });
    const turned = { transform: `translate(${x + GATE / 2 + 4} 0) rotate(-90)` };
    this.#add(place, box, svg('text', turned, spaced(spec.type)));
    this.x += GATE;
  }

  #around(layer) {
    const from = this.x;
    const start = this.drawn.length;
    this.x += GAP;
    this.chain(layer.inner);
    const sum = this.#enter() + 10;
    this.x += 20;
    const top = -ROAD - (depth(layer.inner) + 1) * LEVEL + LEVEL;
    const road = svg('path', {
      class: 'road',
      d: `M${from} 0q8 0 8 -8V${top + 8}q0 -8 8 -8H${sum - 8}q8 0 8 8V-10`,
    });
    const words = layer.projection ? `projected: ${cost(layer.projection)}` : 'residual: unchanged';
    const label = svg('text', { class: 'quiet', x: (from + sum) / 2, y: top - 5 }, words);
    const plus = svg('path', { class: 'plus', d: `M${sum - 5} 0h10M${sum} -5v10` });
    const ring = svg('circle', { class: 'ring', cx: sum, cy: 0, r: 10 });
    const inside = this.drawn.splice(start);
    this.#add(layer.place, road, label, ...inside, ring, plus);
  }

  /** The line to the next thing; gives where that begins. */
  #enter() {
    if (this.drawn.length) {
      this.drawn.push(svg('path', { class: 'flow', d: `M${this.x} 0h${GAP}` }));
      this.x += GAP;
    }
    return this.x;
  }

  #add(place, ...nodes) {
    this.drawn.push(svg('g', { 'data-place': place }, ...nodes));
  }

  /** An image: a sheet for each of its channels, as large as it is. */
  #sheets([channels, height, width]) {
    const side = (pixels) => Math.max(5, 78 * Math.sqrt(pixels / this.largest));
    const sheets = Math.min(channels, SHEETS);
    const [w, h] = [side(width), side(height)];
    const spread = (sheets - 1) * SHEET_STEP;
    const node = svg('g', { class: 'sheets' });
    for (let i = 0; i < sheets; i += 1) {
      const [x, y] = [i * SHEET_STEP, -h / 2 - spread / 2 + i * SHEET_STEP];
      node.append(svg('rect', { x, y, width: w, height: h, rx: 2 }));
    }
    return { node, width: w + spread };
  }
}

/** A vector: its numbers where they are few, else a bar as long as there are many. */
function column([units]) {
  if (units > UNITS) {
    const height = Math.min(120, 24 + 12 * Math.log2(units));
    const bar = svg('rect', { x: 0, y: -height / 2, width: 14, height, rx: 7 });
    return { node: svg('g', { class: 'sheets' }, bar), width: 14 };
  }
  const dots = Array.from({ length: units }, (_, i) =>
    svg('circle', { cx: 5, cy: (i - (units - 1) / 2) * 11.5, r: 4.5 }),
  );
  return { node: svg('g', { class: 'sheets' }, ...dots), width: 10 };
}

function labelLines(spec) {
  const [kind, ...rest] = layerWords(spec).split(/ (?=\d)/);
  return rest.length ? [kind, rest.join(' ')] : [kind];
}

const cost = ({ parameters }) => (parameters ? `${count(parameters)} par.` : '');

/** How many residual blocks lie in each other. */
const depth = (layers) =>
  Math.max(0, ...layers.map(({ inner }) => (inner.length ? 1 + depth(inner) : 0)));

const imagesIn = (input, layers) =>
  [input, ...layers.flatMap(({ output, inner }) => [output, ...imagesIn(output, inner)])].filter(
    (shape) => shape.length === 3,
  );
