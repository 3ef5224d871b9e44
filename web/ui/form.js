// ui/form.js - fields with their help, and with what is wrong with them beside them.
import { html, useId, useRef, useState } from '../lib.js';
import { Problem } from '../api.js';
import { Icon } from './icon.js';
import { readSize, writeSize } from '../words.js';

// Values, errors and the sending of a form. send(values) throws what the server refuses: a Problem
// with a field shows at that field, any other above the buttons.
export function useForm(initial, send) {
	const [values, setValues] = useState(initial);
	const [error, setError] = useState(null);
	const [isBusy, setBusy] = useState(false);
	const form = useRef(null);

	const set = (name) => (value) => {
		setValues((old) => ({ ...old, [name]: value }));
		setError((old) => old && old.field === name ? null : old);
	};
	const submit = async (event) => {
		event.preventDefault();
		if (isBusy)
			return;
		setBusy(true);
		setError(null);
		try {
			await send(values);
		} catch (problem) {
			if (!(problem instanceof Problem))
				console.error(problem);
			setError(problem);
			requestAnimationFrame(() => {
				const bad = form.current && form.current.querySelector('[aria-invalid="true"]');
				if (bad)
					bad.focus();
			});
		} finally {
			setBusy(false);
		}
	};
	const fault = (name) => error && error.field === name ? error.message : undefined;
	return { values, set, setValues, error, setError, fault, isBusy, submit, form };
}

// What is wrong with the form as a whole, or with a field that does not show its own errors.
export function FormError({ form, fields = [] }) {
	const { error } = form;

	if (!error || fields.includes(error.field))
		return null;
	return html`<p class="form-error" role="alert"><${Icon} name="cross" size="14" />
		${error.message}</p>`;
}

// children(attributes) draws the input with the attributes that tie it to label, help and error.
export function Field({ label, help, error, children, class: className = '', optional }) {
	const id = useId();
	const about = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(' ');

	return html`<div class=${`field ${className} ${error ? 'wrong' : ''}`}>
		<label for=${id}>${label}${optional && html` <span
			class="optional">optional</span>`}</label>
		${children({ id, 'aria-describedby': about || undefined,
			'aria-invalid': error ? 'true' : undefined })}
		${help && html`<p class="help" id=${`${id}-help`}>${help}</p>`}
		${error && html`<p class="field-error" id=${`${id}-error`}><${Icon} name="cross"
			size="12" />
			${error}</p>`}
	</div>`;
}

export function TextField({ value, onValue, type = 'text', placeholder, required,
	autocomplete = 'off',
	inputmode, maxlength, disabled, mono, ...field }) {
	return html`<${Field} ...${field}>${(tie) => html`<input ...${tie} type=${type}
		value=${value ?? ''}
		placeholder=${placeholder} required=${required} autocomplete=${autocomplete}
			spellcheck="false"
		autocapitalize="off" inputmode=${inputmode} maxlength=${maxlength} disabled=${disabled}
		class=${mono ? 'mono' : ''} onInput=${(e) => onValue(e.currentTarget.value)} />`}<//>`;
}

export function AreaField({ value, onValue, rows = 6, mono, placeholder, required, ...field }) {
	return html`<${Field} ...${field}>${(tie) => html`<textarea ...${tie} rows=${rows}
		value=${value ?? ''}
		placeholder=${placeholder} required=${required} spellcheck="false" class=${mono ?
			'mono' : ''}
		onInput=${(e) => onValue(e.currentTarget.value)}></textarea>`}<//>`;
}

export function SelectField({ value, onValue, options, disabled, ...field }) {
	return html`<${Field} ...${field}>${(tie) => html`<select ...${tie} disabled=${disabled}
		onChange=${(e) => onValue(e.currentTarget.value)}>
		${options.map(([v, words]) => html`<option value=${v}
			selected=${v === value}>${words}</option>`)}
	</select>`}<//>`;
}

// A checkbox whose label stands behind it.
export function CheckField({ value, onValue, label, help, disabled }) {
	const id = useId();

	return html`<div class="field check">
		<input type="checkbox" id=${id} checked=${value} disabled=${disabled}
			aria-describedby=${help ? `${id}-help` : undefined}
			onChange=${(e) => onValue(e.currentTarget.checked)} />
		<div><label for=${id}>${label}</label>
			${help && html`<p class="help" id=${`${id}-help`}>${help}</p>`}</div>
	</div>`;
}

const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const MADE_LENGTH = 16;

// Without letters that look alike; some 93 bits.
export function makePassword() {
	let text = '';

	while (text.length < MADE_LENGTH) {
		const byte = crypto.getRandomValues(new Uint8Array(1))[0];
		if (byte < 256 - 256 % LETTERS.length)
			text += LETTERS[byte % LETTERS.length];
	}
	return text;
}

// canMake: the person chooses a password for somebody else, and may have one made.
export function PasswordField({ value, onValue, autocomplete = 'current-password', required,
	canMake,
	placeholder, ...field }) {
	const [isShown, show] = useState(false);

	return html`<${Field} ...${field}>${(tie) => html`<div class="with-buttons">
		<input ...${tie} type=${isShown ? 'text' : 'password'} value=${value ?? ''}
			required=${required}
			autocomplete=${autocomplete} placeholder=${placeholder} spellcheck="false"
			class=${isShown ? 'mono' : ''} onInput=${(e) => onValue(e.currentTarget.value)} />
		<button type="button" class="button" aria-pressed=${isShown ? 'true' : 'false'}
			onClick=${() => show(!isShown)}><${Icon} name="eye" /><span class="unseen">Show the
			password</span></button>
		${canMake && html`<button type="button" class="button" onClick=${() => {
			onValue(makePassword());
			show(true);
		}}>Generate</button>`}
	</div>`}<//>`;
}

// A number of bytes, typed as 10G or 500M. "" is null: none of its own.
export function SizeField({ value, onValue, ...field }) {
	const [text, setText] = useState(writeSize(value));
	const size = readSize(text);
	const isBad = Number.isNaN(size);

	return html`<${TextField} ...${field} value=${text} inputmode="text"
		error=${isBad ? 'Write a number with K, M, G or T, such as 500M or 10G.' : field.error}
		onValue=${(next) => {
			setText(next);
			const number = readSize(next);
			onValue(number);
		}} />`;
}

export function NumberField({ value, onValue, ...field }) {
	return html`<${TextField} ...${field} inputmode="numeric" value=${value ?? ''}
		onValue=${(text) => onValue(text.trim() === '' ? null
			: /^\d+$/.test(text.trim()) ? Number(text) : text)} />`;
}

// A list of short texts, one a line.
export function LinesField({ value, onValue, ...field }) {
	return html`<${AreaField} rows="3" mono ...${field} value=${(value || []).join('\n')}
		onValue=${(text) => onValue(text.split('\n'))} />`;
}

export function cleanLines(lines) {
	return (lines || []).map((line) => line.trim()).filter(Boolean);
}

// One of a few, all of them in sight. options: [[value, words, help], ...]
export function Choice({ legend, value, onValue, options, error, name }) {
	const id = useId();

	return html`<fieldset class=${`choice ${error ? 'wrong' : ''}`}><legend>${legend}</legend>
		${options.map(([v, words, help]) => html`<div class="field check">
			<input type="radio" name=${name || id} id=${`${id}-${v}`} value=${v}
				checked=${v === value}
				onChange=${() => onValue(v)} aria-describedby=${help ? `${id}-${v}-help` :
					undefined} />
			<div><label for=${`${id}-${v}`}>${words}</label>
			${help && html`<p class="help" id=${`${id}-${v}-help`}>${help}</p>`}</div></div>`)}
		${error && html`<p class="field-error"><${Icon} name="cross" size="12" /> ${error}</p>`}
	</fieldset>`;
}

export function Submit({ form, children, kind = 'primary', disabled }) {
	return html`<button type="submit" class=${`button ${kind}`} disabled=${form.isBusy || disabled}>
		${form.isBusy ? 'One moment…' : children}</button>`;
}
