// ui/dialog.js - a dialog on <dialog>: the browser keeps the focus inside and closes it on Escape.
import { html, render, useEffect, useId, useRef, useState } from '../lib.js';
import { Icon } from './icon.js';

export function Dialog({ title, onClose, children, wide }) {
	const dialog = useRef(null);
	const id = useId();

	useEffect(() => {
		const node = dialog.current;
		node.showModal();
		return () => node.close(); // gives the focus back to where it was
	}, []);
	return html`<dialog ref=${dialog} class=${wide ? 'wide' : ''} aria-labelledby=${id}
		onCancel=${(event) => {
			event.preventDefault();
			onClose();
		}}>
		<div class="dialog-head"><h2 id=${id}>${title}</h2>
			<button type="button" class="button quiet" onClick=${onClose} aria-label="Close">
				<${Icon} name="cross" /></button></div>
		<div class="dialog-body">${children}</div>
	</dialog>`;
}

function Confirm({ title, words, action, danger, onAnswer, ask }) {
	const [text, setText] = useState('');

	return html`<${Dialog} title=${title} onClose=${() => onAnswer(null)}>
		<form onSubmit=${(event) => {
			event.preventDefault();
			onAnswer(ask ? text : true);
		}}>
			<p>${words}</p>
			${ask && html`<label class="field"><span class="label">${ask.label}</span>
				<input type=${ask.type || 'text'} value=${text} placeholder=${ask.placeholder}
					autocomplete="off" maxlength="199"
						onInput=${(e) => setText(e.currentTarget.value)} />
			</label>`}
			<div class="dialog-foot">
				<button type="button" class="button" onClick=${() => onAnswer(null)}>Cancel</button>
				<button type="submit"
					class=${`button ${danger ? 'danger' : 'primary'}`}>${action}</button>
			</div>
		</form>
	<//>`;
}

// Asks before something that cannot be taken back. true (or the text that was asked for), or null.
export function confirm(question) {
	const place = document.createElement('div');

	document.body.append(place);
	return new Promise((resolve) => {
		const onAnswer = (answer) => {
			render(null, place);
			place.remove();
			resolve(answer);
		};
		render(html`<${Confirm} ...${question} onAnswer=${onAnswer} />`, place);
	});
}
