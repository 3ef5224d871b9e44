// ui/toast.js - a short word on what has just happened; a live region reads it out.
import { html, useEffect, useState } from '../lib.js';
import { Icon } from './icon.js';

const SHOWN_MS = 6000;
const toasts = { list: [], next: 1, changed: () => {} };

function drop(id) {
	toasts.list = toasts.list.filter((toast) => toast.id !== id);
	toasts.changed(toasts.list);
}

export function toast(words, kind = 'ok') {
	const id = toasts.next++;

	toasts.list = [...toasts.list.slice(-2), { id, words, kind }];
	toasts.changed(toasts.list);
	if (kind !== 'bad')
		setTimeout(drop, SHOWN_MS, id);
}

// For actions outside of a form: does it, and tells how it went. The answer, or undefined.
export async function attempt(work, done) {
	try {
		const answer = await work();
		if (done)
			toast(typeof done === 'function' ? done(answer) : done);
		return answer === null || answer === undefined ? true : answer;
	} catch (error) {
		toast(error.message, 'bad');
		return undefined;
	}
}

export function Toasts() {
	const [list, setList] = useState(toasts.list);

	useEffect(() => {
		// A refusal stays until it is dismissed, or until the person goes on to another page.
		const leave = () => toasts.list.filter((t) => t.kind === 'bad').forEach((t) => drop(t.id));

		toasts.changed = setList;
		window.addEventListener('hashchange', leave);
		return () => {
			toasts.changed = () => {};
			window.removeEventListener('hashchange', leave);
		};
	}, []);
	return html`<div class="toasts" role="status" aria-live="polite">
		${list.map((t) => html`<div key=${t.id} class=${`toast ${t.kind}`}>
			<${Icon} name=${t.kind === 'bad' ? 'cross' : 'check'} /><span>${t.words}</span>
			<button type="button" class="button quiet" aria-label="Dismiss"
				onClick=${() => drop(t.id)}>
				<${Icon} name="cross" size="12" /></button></div>`)}
	</div>`;
}
