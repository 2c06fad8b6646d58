// A still from the camera. What the camera sees stays in the page until a picture is taken.

const WORDS = {
  NotAllowedError: 'The camera is not allowed here. The browser’s site settings can change that.',
  NotFoundError: 'There is no camera on this device.',
  NotReadableError: 'Another program is using the camera.',
};
const ELSEWHERE = 'Browsers give the camera only to pages by https or from this machine itself.';

/**
 * @param {HTMLDialogElement} dialog with a video and a form
 * @returns {Promise<File | null>} null if the person would rather not
 * @throws {Error} in words for the person, where no camera can be had
 */
export async function takePicture(dialog) {
  const stream = await open();
  const video = dialog.querySelector('video');
  const take = dialog.querySelector('[value=take]');
  video.srcObject = stream;
  dialog.returnValue = '';
  take.disabled = true; // there is no picture yet
  dialog.showModal();
  const closed = new Promise((done) => dialog.addEventListener('close', done, { once: true }));
  try {
    await video.play();
    take.disabled = false;
    await closed;
    return dialog.returnValue === 'take' ? await still(video) : null;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
    dialog.close();
  }
}

async function open() {
  if (!navigator.mediaDevices) throw new Error(ELSEWHERE);
  const video = { facingMode: 'environment', width: { ideal: 1280 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video });
  } catch (error) {
    throw new Error(WORDS[error.name] ?? `The camera does not start: ${error.message}`);
  }
}

/** The middle square of what is seen, which is what the dialog shows. */
async function still(video) {
  const side = Math.min(video.videoWidth, video.videoHeight);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  const [left, top] = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
  canvas.getContext('2d').drawImage(video, left, top, side, side, 0, 0, side, side);
  const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
  return new File([blob], 'camera.png', { type: 'image/png' });
}
