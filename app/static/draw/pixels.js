// The 28 × 28 pixels as a grid to fill in, by arrow keys and space or by pointing: a way to draw
// without a pointer, and to see what a single pixel changes.

import { element } from '../dom.js';

const SIDE = 28;
const BESIDE = 0.5; // a pen leaves this much ink on the pixels around the one that it is on
const MOVES = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -SIDE, ArrowDown: SIDE };

export class Pixels {
  #values = new Array(SIDE * SIDE).fill(0);
  #past = [];
  #cells = [];
  #at = 0;

  /**
   * @param {HTMLElement} root
   * @param {(values: number[]) => void} onChange 784 numbers in 0..1, row by row
   */
  constructor(root, onChange) {
    this.root = root;
    this.onChange = onChange;
    root.addEventListener('keydown', (event) => this.#key(event));
    root.addEventListener('pointerdown', (event) => {
      const index = this.#cells.indexOf(event.target);
      if (index < 0 || event.button !== 0) return;
      this.#move(index);
      this.#ink();
    });
  }

  /** Begins with these values. */
  open(values) {
    if (!this.#cells.length) this.#build();
    this.#past = [];
    this.#values = values;
    this.#cells.forEach((_, i) => this.#paint(i));
    this.#cells[this.#at].tabIndex = 0;
  }

  focus() {
    this.#cells[this.#at].focus();
  }

  undo() {
    if (this.#past.length) this.#set(this.#past.pop());
  }

  clear() {
    this.#change(this.#values.map(() => 0));
  }

  #build() {
    this.#cells = this.#values.map(() => element('div', { role: 'gridcell', tabIndex: -1 }));
    const rows = Array.from({ length: SIDE }, (_, y) =>
      element('div', { role: 'row' }, ...this.#cells.slice(y * SIDE, (y + 1) * SIDE)),
    );
    this.root.replaceChildren(...rows);
    this.#at = (SIDE / 2) * SIDE + SIDE / 2;
  }

  #key(event) {
    const step = MOVES[event.key];
    if (step) {
      const column = (this.#at % SIDE) + (Math.abs(step) === 1 ? step : 0);
      const next = this.#at + step;
      if (column < 0 || column >= SIDE || next < 0 || next >= SIDE * SIDE) return;
      this.#move(next);
      if (event.shiftKey) this.#ink();
    } else if (event.key === ' ') this.#ink();
    else if (event.key === 'Delete' || event.key === 'Backspace') this.#rub();
    else return;
    event.preventDefault();
  }

  #move(index) {
    this.#cells[this.#at].tabIndex = -1;
    this.#at = index;
    this.#cells[index].tabIndex = 0;
    this.focus();
  }

  #ink() {
    const values = [...this.#values];
    values[this.#at] = 1;
    for (const beside of this.#neighbours()) values[beside] = Math.max(values[beside], BESIDE);
    this.#change(values);
  }

  #rub() {
    this.#change(this.#values.with(this.#at, 0));
  }

  #neighbours() {
    const [x, y] = [this.#at % SIDE, Math.floor(this.#at / SIDE)];
    const beside = [];
    if (x > 0) beside.push(this.#at - 1);
    if (x < SIDE - 1) beside.push(this.#at + 1);
    if (y > 0) beside.push(this.#at - SIDE);
    if (y < SIDE - 1) beside.push(this.#at + SIDE);
    return beside;
  }

  #change(values) {
    this.#past.push(this.#values);
    this.#set(values);
  }

  #set(values) {
    const before = this.#values;
    this.#values = values;
    values.forEach((value, i) => value !== before[i] && this.#paint(i));
    this.onChange(values);
  }

  #paint(index) {
    const value = this.#values[index];
    const cell = this.#cells[index];
    const [row, column] = [Math.floor(index / SIDE) + 1, (index % SIDE) + 1];
    cell.style.setProperty('--ink-share', `${value * 100}%`);
    cell.ariaLabel = `Row ${row}, column ${column}: ${words(value)}`;
  }
}

function words(value) {
  if (value === 0) return 'empty';
  return value === 1 ? 'full ink' : `${Math.round(value * 100)}% ink`;
}
