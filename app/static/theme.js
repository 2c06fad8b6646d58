// Light or dark: as the system has it until a person chooses. Not a module, so that the page is
// never painted in the wrong one first.

{
  const KEY = 'mnistry-theme';
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => localStorage.getItem(KEY);
  const shown = () => chosen() ?? (dark.matches ? 'dark' : 'light');

  const apply = () => {
    if (chosen()) document.documentElement.dataset.theme = chosen();
    for (const meta of document.querySelectorAll('meta[name="theme-color"]')) {
      const system = meta.media.includes('dark') ? 'dark' : 'light';
      meta.content = (chosen() ?? system) === 'dark' ? '#171411' : '#f6f1e7';
    }
    const button = document.querySelector('#theme');
    if (button) button.setAttribute('aria-pressed', shown() === 'dark');
    dispatchEvent(new Event('theme')); // for what paints with colours of its own
  };

  apply();
  dark.addEventListener('change', apply);
  addEventListener('storage', ({ key }) => key === KEY && apply());
  addEventListener('DOMContentLoaded', () => {
    apply();
    document.querySelector('#theme').addEventListener('click', () => {
      localStorage.setItem(KEY, shown() === 'dark' ? 'light' : 'dark');
      apply();
    });
  });
}
