// pages/setup.js - the first administrator, made with the one-time link that the server has
// printed.
import { html } from '../lib.js';
import { api, Problem, setPerson } from '../api.js';
import { go } from '../route.js';
import { FormError, PasswordField, Submit, TextField, useForm } from '../ui/form.js';
import { Notice } from '../ui/page.js';
import { Door } from './login.js';

export function Setup({ isNeeded, token, onDone }) {
	const form = useForm({ name: 'admin', password: '', again: '' }, async (values) => {
		if (values.password !== values.again)
			throw new Problem(0, { field: 'again',
				detail: 'The two passwords differ: type both again.' });
		const person = await api.post('/setup',
			{ token, name: values.name.trim(), password: values.password });
		go('overview'); // the token leaves the address, and the history
		history.replaceState(null, '', location.href);
		setPerson(person);
		onDone();
	});

	if (!isNeeded)
		return html`<${Door} title="This server is set up"
			lead="The link was for the first administrator, whom it has already made.">
			<a class="button primary" href="#/overview" onClick=${onDone}>Log in</a><//>`;
	if (!token)
		return html`<${Door} title="Welcome" lead="This server has no administrator yet.">
			<${Notice} title="Open the link that the server has printed">
				<p>It stands in the server's log, and behind <code>./dev run</code>. A new one
					comes from
				this command, on the server:</p><p><code>sallyport admin link</code></p><//><//>`;
	return html`<${Door} title="Welcome" lead="Make the first administrator of this server. It is
		an owner:
		it may do everything, and make others.">
		<form class="form" ref=${form.form} onSubmit=${form.submit}>
			<${TextField} label="Your name" value=${form.values.name}
				onValue=${form.set('name')} required
				autocomplete="username" error=${form.fault('name')}
				help="What you log in with here. It is no FTP user." />
			<${PasswordField} label="Password" value=${form.values.password} required
				onValue=${form.set('password')} autocomplete="new-password"
					error=${form.fault('password')}
				help="A few words that nobody would put together, or one from your password
					manager." />
			<${PasswordField} label="Password again" value=${form.values.again} required
				onValue=${form.set('again')} autocomplete="new-password"
					error=${form.fault('again')} />
			<${FormError} form=${form} fields=${['name', 'password', 'again']} />
			<${Submit} form=${form}>Make the administrator<//>
		</form>
	<//>`;
}
