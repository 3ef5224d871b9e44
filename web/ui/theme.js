// ui/theme.js - the switch between light, dark, and what the system wants; theme.js applies it
// early.
import { html, useState } from '../lib.js';
import { Icon } from './icon.js';

const ORDER = ['auto', 'light', 'dark'];
const ICONS = { auto: 'auto', light: 'sun', dark: 'moon' };
const KEY = 'sallyport-theme';

export function ThemeSwitch() {
	const [theme, setTheme] = useState(document.documentElement.dataset.theme || 'auto');
	const next = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
	const turn = () => {
		if (next === 'auto')
			delete document.documentElement.dataset.theme;
		else
			document.documentElement.dataset.theme = next;
		try {
			localStorage.setItem(KEY, next);
		} catch {
			// Without storage it holds until the page is left.
		}
		setTheme(next);
		window.dispatchEvent(new Event('themechange'));
	};

	return html`<button type="button" class="button quiet" onClick=${turn}
		aria-label=${`Colours: ${theme}. Change to ${next}`} title=${`Colours: ${theme}`}>
		<${Icon} name=${ICONS[theme]} /></button>`;
}
