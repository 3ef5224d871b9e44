// ui/copy.js - text to take along: copied, or saved as a file.
import { html } from '../lib.js';
import { Icon } from './icon.js';
import { toast } from './toast.js';

// Pages over plain HTTP on an address other than this machine's have no clipboard of their own.
async function write(text) {
	if (navigator.clipboard) {
		await navigator.clipboard.writeText(text);
		return;
	}
	const area = document.createElement('textarea');
	area.value = text;
	document.body.append(area);
	area.select();
	const worked = document.execCommand('copy');
	area.remove();
	if (!worked)
		throw new Error('refused');
}

export function Copy({ text, what = 'Copied', children = 'Copy', quiet }) {
	const copy = async () => {
		try {
			await write(typeof text === 'function' ? await text() : text);
			toast(`${what}.`);
		} catch {
			toast('The browser did not allow it: select the text, and copy it with Ctrl+C.', 'bad');
		}
	};

	return html`<button type="button" class=${`button ${quiet ? 'quiet' : ''}`} onClick=${copy}
		aria-label=${quiet ? `Copy: ${what}` : undefined}><${Icon} name="copy" />${!quiet &&
			children}
	</button>`;
}

export function save(name, text, type = 'text/plain') {
	const url = URL.createObjectURL(new Blob([text], { type }));
	const link = document.createElement('a');

	link.href = url;
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(url), 1000);
}

export function Save({ name, text, type, children = 'Save as a file' }) {
	return html`<button type="button" class="button" onClick=${() => save(name, text, type)}>
		<${Icon} name="down" />${children}</button>`;
}

// A block of text with its buttons. The block can be scrolled by keyboard.
export function CodeBlock({ text, label, name, type }) {
	return html`<div class="code-block">
		<div class="code-tools"><${Copy} text=${text} what=${`${label}: copied`} />
			${name && html`<${Save} name=${name} text=${text} type=${type} />`}</div>
		<pre tabindex="0" role="region" aria-label=${label}>${text}</pre>
	</div>`;
}
