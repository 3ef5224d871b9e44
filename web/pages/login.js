// pages/login.js - name and password, then the code where the account has one.
import { html, useState } from '../lib.js';
import { api, setPerson } from '../api.js';
import { FormError, PasswordField, Submit, TextField, useForm } from '../ui/form.js';
import { Mark } from '../ui/icon.js';
import { ThemeSwitch } from '../ui/theme.js';

export function Door({ title, lead, children, foot }) {
	return html`<main class="door"><div class="door-card">
		<div class="row"><span class="door-brand"><${Mark} size="32" />Sallyport</span>
			<span class="spring"></span><${ThemeSwitch} /></div>
		<div><h1>${title}</h1>${lead && html`<p class="lead">${lead}</p>`}</div>
		${children}
	</div>${foot && html`<p class="door-foot">${foot}</p>`}</main>`;
}

export function Login() {
	const [needsCode, askCode] = useState(false);
	const form = useForm({ name: '', password: '', totp: '' }, async (values) => {
		const body = { name: values.name.trim(), password: values.password };
		if (values.totp.trim())
			body.totp = values.totp.replace(/\s/g, '');
		try {
			setPerson(await api.post('/auth/login', body));
		} catch (problem) {
			if (problem.body && problem.body.totp_required && !needsCode) {
				askCode(true);
				return;
			}
			throw problem;
		}
	});

	return html`<${Door} title="Log in" foot="Forgot the password? On the server, an owner's is set
		anew
		with: sallyport admin password NAME">
		<form class="form" ref=${form.form} onSubmit=${form.submit}>
			<${TextField} label="Name" value=${form.values.name}
				onValue=${form.set('name')} required
				autocomplete="username" error=${form.fault('name')} />
			<${PasswordField} label="Password" value=${form.values.password} required
				onValue=${form.set('password')} error=${form.fault('password')} />
			${needsCode && html`<${TextField} label="Code" value=${form.values.totp} required
				onValue=${form.set('totp')} inputmode="numeric" autocomplete="one-time-code"
				help="Six digits from the authenticator app on your phone."
					error=${form.fault('totp')} />`}
			<${FormError} form=${form} fields=${['name', 'password', needsCode && 'totp']} />
			<${Submit} form=${form}>Log in<//>
		</form>
	<//>`;
}
