// Fields for the properties of a JSON Schema. What is left empty is not sent, so that the server's
// default holds; what is wrong is sent as it is, for the server knows best what to say about it.

import { offer } from '../choices.js';
import { element } from '../dom.js';
import { spaced } from '../words.js';

let made = 0;

export class Fields {
  #fields = new Map();

  /**
   * @param {Record<string, object>} properties by name
   * @param {object} options
   * @param {Record<string, unknown>} options.values what is chosen; is changed in place
   * @param {Record<string, unknown>} [options.defaults] what holds where nothing is chosen
   * @param {() => void} options.onInput
   */
  constructor(properties, { values, defaults = {}, onInput }) {
    this.values = values;
    this.node = element('div', { className: 'fields' });
    for (const [name, schema] of Object.entries(properties)) {
      const field = newField(name, schema, values[name], defaults[name] ?? schema.default);
      field.control.addEventListener('input', () => {
        const value = field.read();
        if (value === undefined) delete values[name];
        else values[name] = value;
        onInput();
      });
      this.#fields.set(name, field);
      this.node.append(field.node);
    }
  }

  /**
   * Changes what there is to choose from; what was chosen stays as long as it is among them.
   * @param {string} name of the field
   * @param {{value: string, text: string}[]} entries
   */
  offer(name, entries) {
    const { control } = this.#fields.get(name);
    const offered = [...control.options].map(({ value }) => value);
    if (String(offered) === String(entries.map(({ value }) => value))) return; // it may be open
    const chosen = this.values[name] ?? control.value;
    offer(control, entries, chosen);
    if (control.value !== chosen) control.dispatchEvent(new Event('input'));
  }

  /**
   * Shows each error at its field.
   * @param {{loc: (string | number)[], msg: string}[]} errors
   * @param {(string | number)[]} [place] of these fields in the body
   * @returns those that belong to none
   */
  showProblems(errors, place = []) {
    const here = (name, { loc }) => [...place, name].every((part, i) => loc[i] === part);
    for (const [name, { control, problem }] of this.#fields) {
      const message = errors.find((error) => here(name, error))?.msg ?? '';
      problem.textContent = message;
      control.setAttribute('aria-invalid', Boolean(message));
    }
    return errors.filter((error) => ![...this.#fields.keys()].some((name) => here(name, error)));
  }
}

function newField(name, schema, value, fallback) {
  const id = `field-${(made += 1)}`;
  const { control, read } = newControl(schema, value, fallback);
  const problem = element('span', { className: 'problem', id: `${id}-problem` });
  const help = element('span', { className: 'quiet', id: `${id}-help` }, schema.description ?? '');
  control.id = id;
  control.name = name;
  control.setAttribute('aria-describedby', `${problem.id} ${help.id}`);
  const isText = (schema.items ?? schema).type === 'string' && !schema.enum;
  const label = element('label', { htmlFor: id }, schema.label ?? capital(spaced(name)));
  const node = element(
    'div',
    { className: isText ? 'field wide' : 'field' },
    label,
    control,
    problem,
    help,
  );
  return { node, control, problem, read };
}

function newControl(schema, value, fallback) {
  if (schema.enum) {
    const options = schema.enum.map((item) =>
      element('option', { value: item }, schema.words?.[item] ?? spaced(item)),
    );
    const control = element('select', {}, ...options);
    control.value = value ?? fallback ?? schema.enum[0];
    return { control, read: () => control.value || undefined };
  }
  if (schema.type === 'boolean') {
    const control = element('input', { type: 'checkbox', checked: value ?? fallback ?? false });
    return { control, read: () => control.checked };
  }
  if (schema.lines) {
    const control = element('textarea', { rows: schema.lines, dir: 'auto', value: value ?? '' });
    return { control, read: () => control.value || undefined };
  }
  const control = element('input', { autocomplete: 'off', dir: 'auto', value: value ?? '' });
  control.placeholder = fallback ?? '';
  if (schema.type === 'string') return { control, read: () => control.value || undefined };
  if (schema.items?.type === 'string') return { control, read: () => words(control.value) };
  control.inputMode = schema.type === 'integer' ? 'numeric' : 'decimal';
  if (schema.type !== 'array') return { control, read: () => numberOrText(control.value) };
  const items = () => control.value.split(/[\s,×]+/).filter(Boolean);
  return { control, read: () => (control.value ? items().map(numberOrText) : undefined) };
}

function words(text) {
  const found = text.split(',').map((word) => word.trim());
  return text.trim() ? found.filter(Boolean) : undefined;
}

function numberOrText(text) {
  if (!text.trim()) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

const capital = (words) => words[0].toUpperCase() + words.slice(1);
