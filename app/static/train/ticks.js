// Round numbers for the axes of charts.

/** Four to eight round numbers that span the range: steps of 1, 2 or 5 times a power of ten. */
export function linearTicks(low, high) {
  const step = roundStep((high - low) / 4);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => rounded((first + i) * step));
}

/** 1, 2 and 5 times the powers of ten that span the range; the powers alone where it is wide. */
export function logTicks(low, high) {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  const digits = last - first > 2 ? [1] : [1, 2, 5];
  const all = [];
  for (let power = first; power <= last; power += 1) {
    for (const digit of digits) all.push(rounded(digit * 10 ** power));
  }
  const from = all.findLastIndex((tick) => tick <= low * (1 + 1e-9));
  const to = all.findIndex((tick) => tick >= high * (1 - 1e-9));
  return all.slice(Math.max(from, 0), to < 0 ? undefined : to + 1);
}

/** At most `room` whole numbers in even steps, the last one always among them. */
export function wholeTicks(last, room) {
  const step = Math.max(1, roundStep(last / room));
  return [...insideTicks(last - step / 2, step), last];
}

/** At most `room` round numbers from above 0 to the end. */
export function freeTicks(last, room) {
  return insideTicks(last * 1.001, roundStep(last / room));
}

function insideTicks(end, step) {
  const ticks = [];
  for (let tick = step; tick < end; tick += step) ticks.push(rounded(tick));
  return ticks;
}

/** The next of 1, 2, 5, 10 ... that is hardly smaller. */
function roundStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return rounded([1, 2, 5, 10].map((k) => k * power).find((step) => step >= rough * 0.8));
}

const rounded = (value) => Number(value.toPrecision(12));
