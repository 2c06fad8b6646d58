// A small button that shows the request behind what one sees.

import { element } from './dom.js';
import { offerRequest } from './requests.js';

/**
 * @param {() => import('./requests.js').Request | null} request asked when the button is pressed
 * @param {string} of what the request gives
 */
export function requestButton(request, of) {
  const look = { type: 'button', className: 'as-request', ariaLabel: `Show ${of} as a request` };
  const button = element('button', look, '</>');
  offerRequest(button, request);
  return button;
}
