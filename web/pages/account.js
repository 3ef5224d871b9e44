// pages/account.js - the own password, and the code at login.
import { html, useState } from '../lib.js';
import { api, Problem, setPerson, usePerson } from '../api.js';
import { CodeBlock, Copy } from '../ui/copy.js';
import { FormError, PasswordField, Submit, TextField, useForm } from '../ui/form.js';
import { Facts, PageHead, Panel } from '../ui/page.js';
import { Check } from '../ui/status.js';
import { attempt, toast } from '../ui/toast.js';

async function refresh() {
	const me = await api.get('/auth/me');
	setPerson(me);
}

function Password() {
	const form = useForm({ current: '', next: '', again: '' }, async (values) => {
		if (values.next !== values.again)
			throw new Problem(0, { field: 'again',
				detail: 'The two passwords differ: type both again.' });
		const answer = await api.post('/auth/password', { current: values.current, new:
			values.next });
		form.setValues({ current: '', next: '', again: '' });
		toast('The password is changed. Your other sessions have ended.');
		if (answer && answer.csrf)
			setPerson(answer);
		else
			await refresh();
	});

	return html`<${Panel} title="Password"><form class="form" ref=${form.form}
		onSubmit=${form.submit}>
		<${PasswordField} label="Password now" required value=${form.values.current}
			onValue=${form.set('current')} error=${form.fault('current') ||
				form.fault('password')} />
		<${PasswordField} label="New password" required value=${form.values.next}
			onValue=${form.set('next')}
			autocomplete="new-password" error=${form.fault('new')} />
		<${PasswordField} label="New password again" required value=${form.values.again}
			onValue=${form.set('again')} autocomplete="new-password" error=${form.fault('again')} />
		<${FormError} form=${form} fields=${['current', 'password', 'new', 'again']} />
		<p><${Submit} form=${form}>Change the password<//></p></form><//>`;
}

function Confirm({ start, onDone }) {
	const form = useForm({ code: '' }, async (values) => {
		await api.put('/auth/totp', { code: values.code.replace(/\s/g, '') });
		toast('From now on a code is asked for when you log in.');
		onDone();
	});
	const grouped = start.secret.replace(/(.{4})(?=.)/g, '$1 ');

	return html`<form class="form" ref=${form.form} onSubmit=${form.submit}>
		<p>In the authenticator app choose “enter a key by hand”, and type this secret. It is for
			one-time codes of six
			digits every 30 seconds.</p>
		<${Facts} rows=${[['Secret', html`<span class="row"><code>${grouped}</code><${Copy} quiet
			text=${start.secret} what="Secret copied" /></span>`]]} />
		<div class="wrap-code"><${CodeBlock} text=${start.uri}
			label="Address for apps that take one" /></div>
		<${TextField} label="Code that the app shows" required value=${form.values.code}
			onValue=${form.set('code')} inputmode="numeric" autocomplete="one-time-code"
			error=${form.fault('code')} />
		<${FormError} form=${form} fields=${['code']} />
		<p><${Submit} form=${form}>Switch it on<//></p></form>`;
}

function SwitchOff({ onDone }) {
	const form = useForm({ password: '' }, async (values) => {
		await api.remove('/auth/totp', { password: values.password });
		toast('No code is asked for any more.');
		onDone();
	});

	return html`<form class="form" ref=${form.form} onSubmit=${form.submit}>
		<p><${Check}>A code is asked for when you log in.<//></p>
		<${PasswordField} label="Password, to switch it off" required value=${form.values.password}
			onValue=${form.set('password')} error=${form.fault('password')} />
		<${FormError} form=${form} fields=${['password']} />
		<p><${Submit} form=${form} kind="danger">Switch it off<//></p></form>`;
}

function Code({ person }) {
	const [start, setStart] = useState(null);
	const done = () => {
		setStart(null);
		refresh();
	};

	return html`<${Panel} title="Code at login"
		lead="With a code from your phone, a stolen password alone lets nobody in.">${person.totp ? html`<${SwitchOff} onDone=${done} />`
		: start ? html`<${Confirm} start=${start} onDone=${done} />`
			: html`<p><button type="button" class="button" onClick=${async () => {
				const answer = await attempt(() => api.post('/auth/totp'));
				if (answer)
					setStart(answer);
			}}>Set it up</button></p>`}<//>`;
}

export function Account() {
	const person = usePerson();

	if (!person)
		return null;
	return html`<${PageHead} title="Your account"
		lead=${`You are ${person.name}, ${person.role}.`} />
		<div class="columns"><${Password} /><${Code} person=${person} /></div>`;
}
