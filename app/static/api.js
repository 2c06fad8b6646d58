// The one place that talks to the server: requests, the key, what went wrong, and whether
// anybody answers at all.

import { askForKey } from './key.js';

/** What the server refused, in its own words (RFC 9457). */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {object} body
   * @param {string} [body.title]
   * @param {string} [body.detail]
   * @param {{loc: (string | number)[], msg: string}[]} [body.errors]
   * @param {number} retryAfter seconds
   */
  constructor(status, body, retryAfter) {
    super(body.detail || body.title || `The server answered with status ${status}.`);
    this.status = status;
    this.errors = body.errors ?? [];
    this.retryAfter = retryAfter;
  }
}

/** There was no answer. */
export class Unreachable extends Error {
  constructor() {
    super('The server does not answer.');
  }
}

/** Says `away` when the server stops answering and `back` when it answers again. */
export const connection = new EventTarget();

const KNOCK_FIRST = 1000; // ms
const KNOCK_SLOWEST = 5000;
let away = false;

function lose() {
  if (away) return;
  away = true;
  connection.dispatchEvent(new Event('away'));
  knock(KNOCK_FIRST);
}

function knock(wait) {
  setTimeout(async () => {
    if (!(await answers())) return knock(Math.min(wait * 1.5, KNOCK_SLOWEST));
    away = false;
    connection.dispatchEvent(new Event('back'));
  }, wait);
}

async function answers() {
  try {
    return (await fetch('/healthz', { cache: 'no-store' })).ok;
  } catch {
    return false;
  }
}

const KEY = 'mnistry-key';
const NO_KEY = { detail: 'This server wants a key. Reload the page to give it one.' };
let key = sessionStorage.getItem(KEY);
let declined = false;
let asking;

/** Asks once for all requests that wait for a key. */
function obtainKey() {
  asking ??= askForKey(key !== null).then((given) => {
    asking = undefined;
    declined = !given;
    if (given) sessionStorage.setItem(KEY, (key = given));
  });
  return asking;
}

/** The headers that a request needs which does not go through `send`. */
export const authorization = () => (key ? { Authorization: `Bearer ${key}` } : {});

async function attempt(path, { headers, ...options }, bearer) {
  try {
    return await fetch(path, {
      ...options,
      headers: bearer ? { ...headers, Authorization: `Bearer ${bearer}` } : headers,
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    lose();
    throw new Unreachable();
  }
}

/**
 * The answer itself, for those who read it as it comes.
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 * @throws {Problem | Unreachable}
 */
export async function send(path, options = {}) {
  const used = key;
  const response = await attempt(path, options, used);
  if (response.status === 401 && !declined) {
    if (key === used) await obtainKey();
    if (key !== used) return send(path, options);
  }
  if (response.status === 502 || response.status === 504) {
    lose();
    throw new Unreachable();
  }
  if (response.ok) return response;
  const body = response.status === 401 ? NO_KEY : await response.json().catch(() => ({}));
  throw new Problem(response.status, body, Number(response.headers.get('Retry-After')) || 0);
}

/** @param {string} path */
export async function get(path, options = {}) {
  return (await send(path, options)).json();
}

/**
 * @param {string} path
 * @param {FormData | object} [body] a form, or what is sent as JSON
 */
export async function post(path, body, options = {}) {
  const form = body instanceof FormData;
  const response = await send(path, {
    ...options,
    method: 'POST',
    body: form ? body : JSON.stringify(body),
    headers: form || body === undefined ? {} : { 'Content-Type': 'application/json' },
  });
  return response.json();
}
