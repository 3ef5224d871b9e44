// ui/tabs.js - tabs, moved through with the arrow keys (the ARIA pattern).
import { html, useId, useRef } from '../lib.js';

// tabs: [[id, title], ...]; children draw the one that is chosen.
export function Tabs({ tabs, value, onValue, label, children }) {
	const id = useId();
	const list = useRef(null);
	const step = (event) => {
		const move = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
		if (!move)
			return;
		event.preventDefault();
		const now = tabs.findIndex(([v]) => v === value);
		const next = Number.isFinite(move) ? (now + move + tabs.length) % tabs.length
			: move < 0 ? 0 : tabs.length - 1;
		onValue(tabs[next][0]);
		list.current.children[next].focus();
	};

	return html`<div class="tabs" role="tablist" aria-label=${label} ref=${list} onKeyDown=${step}>
		${tabs.map(([v, title]) => html`<button type="button" role="tab" id=${`${id}-${v}`}
			aria-selected=${v === value ? 'true' : 'false'} aria-controls=${`${id}-panel`}
			tabindex=${v === value ? 0 : -1} onClick=${() => onValue(v)}>${title}</button>`)}
	</div>
	<div role="tabpanel" id=${`${id}-panel`} aria-labelledby=${`${id}-${value}`}>${children}</div>`;
}
