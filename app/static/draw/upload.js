// Pictures from outside: chosen with a button, dropped anywhere on the page, or pasted.

/**
 * @param {{button: HTMLElement, input: HTMLInputElement, curtain: HTMLElement}} parts
 *   `curtain` covers the page while a file is held over it
 * @param {(files: File[]) => void} onFiles
 */
export function acceptPictures({ button, input, curtain }, onFiles) {
  button.addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    onFiles([...input.files]);
    input.value = ''; // so that the same file can be chosen again
  });

  document.addEventListener('paste', (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    onFiles(files);
  });

  let depth = 0; // dragenter and dragleave come for every element passed over
  const cover = (change) => {
    depth = change === 0 ? 0 : depth + change;
    curtain.classList.toggle('open', depth > 0);
  };
  const holdsFiles = (event) => event.dataTransfer.types.includes('Files');
  document.addEventListener('dragenter', (event) => holdsFiles(event) && cover(1));
  document.addEventListener('dragleave', (event) => holdsFiles(event) && cover(-1));
  document.addEventListener('dragover', (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
  });
  document.addEventListener('drop', (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    cover(0);
    onFiles([...event.dataTransfer.files]);
  });
}
