// This view is still to come.

export function mount(section) {
  section.querySelector('.sheet-head').insertAdjacentText('afterend', 'Nothing here yet.');
}
