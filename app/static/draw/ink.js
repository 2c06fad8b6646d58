// What can be done with strokes, whatever draws them: painted on a canvas, and rubbed out.

/** @typedef {[number, number][]} Stroke points in a square whose side is SIDE */

export const SIDE = 280;
const PEN = 17;
const ERASER = 14; // its radius
const FINE = 3; // the eraser looks at a stroke at least this often

/**
 * Strokes as an address can carry them, and back; null where they are none.
 * @param {Stroke[]} strokes
 */
export const written = (strokes) =>
  JSON.stringify(strokes.map((stroke) => stroke.map((point) => point.map(Math.round))));

/** @param {string} text that anybody may have made up */
export function unwritten(text) {
  const inside = (value) => typeof value === 'number' && value >= 0 && value <= SIDE;
  const isPoint = (point) => point.length === 2 && point.every(inside);
  try {
    const strokes = JSON.parse(text);
    return strokes.length && strokes.every((s) => s.length && s.every(isPoint)) ? strokes : null;
  } catch {
    return null;
  }
}

/**
 * Paints strokes as large as the canvas is, in its text colour.
 * @param {HTMLCanvasElement} canvas
 * @param {Stroke[]} strokes
 */
export function paint(canvas, strokes) {
  const context = canvas.getContext('2d');
  const scale = canvas.width / SIDE;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, SIDE, SIDE);
  context.lineWidth = PEN;
  context.lineCap = context.lineJoin = 'round';
  context.strokeStyle = getComputedStyle(canvas).color;
  for (const stroke of strokes) {
    context.beginPath();
    trace(context, stroke);
    context.stroke();
  }
}

/** A smooth line: through the middles between points, bent by the points. */
function trace(context, stroke) {
  const [[x, y]] = stroke;
  context.moveTo(x, y);
  for (let i = 1; i < stroke.length - 1; i += 1) {
    const [ax, ay] = stroke[i];
    const [bx, by] = stroke[i + 1];
    context.quadraticCurveTo(ax, ay, (ax + bx) / 2, (ay + by) / 2);
  }
  context.lineTo(...stroke.at(-1));
}

/**
 * What is left of strokes where an eraser went from one point to another; the same array if it
 * touched nothing.
 * @param {Stroke[]} strokes
 */
export function erase(strokes, from, to) {
  const left = strokes.flatMap((stroke) => cut(stroke, from, to));
  const same = left.length === strokes.length && left.every((stroke, i) => stroke === strokes[i]);
  return same ? strokes : left;
}

function cut(stroke, from, to) {
  const points = dense(stroke);
  const kept = points.map((point) => distance(point, from, to) > ERASER);
  if (kept.every(Boolean)) return [stroke];
  const pieces = [];
  points.forEach((point, i) => {
    if (!kept[i]) return;
    if (kept[i - 1]) pieces.at(-1).push(point);
    else pieces.push([point]);
  });
  return pieces;
}

/** The same stroke with points in its long parts, so that it can be cut between two of its own. */
function dense(stroke) {
  return stroke.flatMap(([x, y], i) => {
    if (!i) return [[x, y]];
    const [px, py] = stroke[i - 1];
    const parts = Math.ceil(Math.hypot(x - px, y - py) / FINE);
    const at = (k) => [px + ((x - px) * k) / parts, py + ((y - py) * k) / parts];
    return parts > 1 ? [...Array(parts).keys()].map((k) => at(k + 1)) : [[x, y]];
  });
}

/** How far a point is from the line between two others. */
function distance([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1);
  const t = Math.min(Math.max(along, 0), 1);
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}
