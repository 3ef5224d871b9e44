// pages/certificates.js - what is served on each name, whether clients can trust it, and a new one.
import { html, useState } from '../lib.js';
import { ANY, api, at, may, useResource } from '../api.js';
import { Bar } from '../ui/bar.js';
import { confirm, Dialog } from '../ui/dialog.js';
import { AreaField, CheckField, FormError, LinesField, NumberField, Submit, cleanLines,
	useForm } from '../ui/form.js';
import { Icon } from '../ui/icon.js';
import { Facts, Load, Notice, PageHead, Panel } from '../ui/page.js';
import { Badge, Check, Cross, Status } from '../ui/status.js';
import { attempt, toast } from '../ui/toast.js';
import { day, plural } from '../words.js';

const SOON_DAYS = 21;

function Left({ certificate }) {
	const { days_left: left, not_before: from, not_after: to } = certificate;
	const days = Math.max(1, (new Date(to) - new Date(from)) / 86400000);

	if (left < 0)
		return html`<${Status} kind="bad">expired ${plural(-left, 'day')} ago<//>`;
	return html`<div><${Bar} value=${days - left} of=${days} label="Lifetime that has passed"
		words=${`${plural(left, 'day')} left`} /></div>`;
}

function Chain({ chain, missing }) {
	return html`<ol class="chain">${chain.map((link, i) => html`<li key=${i}>
		<span class=${`status ${link.problem ? 'bad' : 'ok'}`}><span class="status-mark"><${Icon}
			size="12"
			name=${link.problem ? 'cross' : 'check'} /></span></span>
		<div><p class="strong break">${link.subject}</p>
			<p class="muted small break">${link.self_signed ? 'signed by itself'
				: `issued by ${link.issuer}`}, until ${day(link.not_after)}</p>
			${link.problem && html`<p class="field-error">${link.problem}</p>`}</div></li>`)}
		${missing && html`<li><span class="status bad"><span class="status-mark"><${Icon}
			name="cross"
			size="12" /></span></span><div><p class="strong">Missing: ${missing}</p>
			<p class="muted small">Clients that do not know this issuer by themselves refuse the
				certificate. Ask
			the authority for its intermediate certificate, and upload it with
				yours.</p></div></li>`}
	</ol>`;
}

function Upload({ host, onClose, onDone }) {
	const [mayForce, allowForce] = useState(false);
	const form = useForm({ certificate: '', private_key: '', force: false }, async (values) => {
		const body = { certificate: values.certificate, private_key: values.private_key };
		if (values.force)
			body.force = true;
		try {
			onDone(await api.put(at`/certificates/${host}`, body, { match: ANY }));
		} catch (problem) {
			allowForce(problem.status === 422 || problem.status === 409);
			throw problem;
		}
		toast(`The new certificate of ${host} is served. No session was dropped.`);
		onClose();
	});
	const read = (name) => async (event) => {
		const file = event.currentTarget.files[0];
		if (file)
			form.set(name)(await file.text());
	};

	return html`<${Dialog} wide title=${`New certificate for ${host}`} onClose=${onClose}>
		<form ref=${form.form} onSubmit=${form.submit}>
			<label class="field"><span class="label">Certificate file</span><input type="file"
				accept=".pem,.crt,.cer" onChange=${read('certificate')} /></label>
			<${AreaField} label="Certificate and chain" required mono rows="5"
				value=${form.values.certificate}
				onValue=${form.set('certificate')} error=${form.fault('certificate')}
				placeholder="-----BEGIN CERTIFICATE-----"
				help="PEM: your certificate first, then the intermediate ones of the authority." />
			<label class="field"><span class="label">Key file</span><input type="file"
				accept=".pem,.key"
				onChange=${read('private_key')} /></label>
			<${AreaField} label="Private key" required mono rows="5"
				value=${form.values.private_key}
				onValue=${form.set('private_key')} error=${form.fault('private_key')}
				placeholder="-----BEGIN PRIVATE KEY-----"
				help="PEM, without a passphrase. It is kept on this server, readable by it
					alone." />
			<${FormError} form=${form} fields=${['certificate', 'private_key']} />
			${mayForce && html`<${CheckField} label="Take it nevertheless"
				value=${form.values.force}
				onValue=${form.set('force')} help="Where the reason above is known and meant. A key
					that does not
					fit is refused in any case." />`}
			<div class="dialog-foot"><button type="button" class="button"
				onClick=${onClose}>Cancel</button>
				<${Submit} form=${form}>Check and serve it<//></div>
		</form><//>`;
}

function SelfSigned({ host, names, onClose, onDone }) {
	const form = useForm({ names, days: 90 }, async (values) => {
		onDone(await api.post(at`/certificates/${host}/self-signed`, { names: cleanLines(values.names),
			days: values.days }));
		toast('A self-signed certificate is served. Clients must be told to trust it.');
		onClose();
	});

	return html`<${Dialog} title=${`Self-signed certificate for ${host}`} onClose=${onClose}>
		<form ref=${form.form} onSubmit=${form.submit}>
			<${Notice} kind="warn"><p>For tests. No client trusts it by itself: each user sees a
				warning.</p><//>
			<${LinesField} label="Names" value=${form.values.names} onValue=${form.set('names')}
				error=${form.fault('names')} help="Host names and addresses, one a line." />
			<${NumberField} label="Valid for days" value=${form.values.days}
				onValue=${form.set('days')}
				error=${form.fault('days')} />
			<${FormError} form=${form} fields=${['names', 'days']} />
			<div class="dialog-foot"><button type="button" class="button"
				onClick=${onClose}>Cancel</button>
				<${Submit} form=${form}>Make and serve it<//></div></form><//>`;
}

function Certificate({ certificate: c, onDone }) {
	const [dialog, setDialog] = useState(null);
	const serious = c.problems.filter((p) => p.severity !== 'note');
	const isGood = serious.length === 0 && c.chain_complete && !c.self_signed &&
		c.days_left > SOON_DAYS;
	const remove = async () => {
		const sure = await confirm({ title: 'Remove the uploaded certificate?',
			action: 'Remove it', danger: true,
			words: 'The one of the configuration file is served again.' });
		if (sure && await attempt(() => api.remove(at`/certificates/${c.host}`, undefined,
			{ match: ANY }),
			'It is removed; the configured one is served.'))
			onDone();
	};

	return html`<${Panel} title=${c.host === 'default' ? 'All other names' : c.host} actions=${html`
			<${Badge} kind=${c.source === 'uploaded' ? 'note' : 'idle'}>${c.source}<//>
			${may('owner') && html`<button type="button" class="button small"
				onClick=${() => setDialog('self')}>Self-signed</button>
			${c.source === 'uploaded' && html`<button type="button" class="button small"
				onClick=${remove}>Remove</button>`}
			<button type="button" class="button small primary" onClick=${() => setDialog('upload')}>
				<${Icon} name="up" />Upload</button>`}`}>
		<div class="stack">
			${isGood ? html`<${Check}>Clients trust it: chain, names and dates fit.<//>`
				: html`<div class="stack-small">${c.problems.map((p) => html`<${Notice} key=${p.id}
					kind=${p.severity === 'note' ? 'note' : c.days_left < 0 ? 'bad' : 'warn'}><p>${p.detail}</p><//>`)}
					${serious.length === 0 && c.self_signed && html`<${Notice} kind="warn"><p>It
						is signed by
						itself: each client shows a warning. Upload one of an authority.</p><//>`}
					${serious.length === 0 && c.days_left <= SOON_DAYS && html`<${Notice}
						kind="warn"><p>It
						expires soon: ask the authority for a new one now, then upload it
							here.</p><//>`}
				</div>`}
			<div class="columns">
				<div><h3>Certificate</h3><${Facts} rows=${[
					['Names', c.names.join(', ') || '–'],
					['Left', html`<${Left} certificate=${c} />`],
					['Valid', `${day(c.not_before)} to ${day(c.not_after)}`],
					['Subject', c.subject], ['Issuer', c.issuer], ['Key', c.key], ['Serial',
						html`<code>${
						c.serial}</code>`],
					['SHA-256', html`<code>${c.fingerprint_sha256}</code>`],
					['File', c.path ? html`<code>${c.path}</code>` : undefined],
				]} /></div>
				<div class="stack-small"><h3>Chain</h3><${Chain} chain=${c.chain}
					missing=${c.chain_complete ? null
					: c.missing_issuer} />
					${c.chain_complete ? html`<p><${Check}>The chain is complete<//></p>`
						: html`<p><${Cross}>The chain is not complete<//></p>`}</div>
			</div>
		</div>
		${dialog === 'upload' && html`<${Upload} host=${c.host} onClose=${() => setDialog(null)}
			onDone=${onDone} />`}
		${dialog === 'self' && html`<${SelfSigned} host=${c.host} names=${c.names}
			onClose=${() => setDialog(null)} onDone=${onDone} />`}<//>`;
}

// The manager that has taken a certificate leaves, and its successor comes up: what it has answered is
// shown until the next look.
const LOOK_MS = 5000;

export function Certificates() {
	const certificates = useResource('/certificates', undefined, { every: LOOK_MS });
	const changed = (certificate) => certificate && certificate.host
		? certificates.setData({ ...certificates.data, certificates: certificates.data.certificates.map(
			(one) => one.host === certificate.host ? certificate : one) })
		: certificates.reload();

	return html`<${PageHead} title="Certificates" lead="What the server shows to clients on each of its
		names. A new certificate is served at once; sessions go on." />
		<${Load} from=${certificates}>${(data) => html`<div class="stack">${data.certificates.map(
			(c) => html`<${Certificate} key=${c.host} certificate=${c} onDone=${changed} />`)}
		</div>`}<//>`;
}
