// ui/bar.js - how much of something is used, as a bar and in words.
import { html } from '../lib.js';

// label is read out; words stand beside the bar. of 0 or null: there is no limit, and no bar.
// isProgress: being full is good.
export function Bar({ value, of, label, words, isProgress }) {
	const part = of > 0 ? Math.min(1, value / of) : 0;
	const kind = isProgress || part < 0.85 ? 'ok' : part >= 1 ? 'bad' : 'warn';

	return html`<div class="bar-row">
		${of > 0 && html`<div class=${`bar ${kind}`} role="progressbar" aria-label=${label}
			aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(part * 100)}>
			<div style=${{ width: `${(part * 100).toFixed(1)}%` }}></div></div>`}
		<span class="bar-words">${words}</span>
	</div>`;
}
