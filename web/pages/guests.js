// pages/guests.js - one-time links for the other party: settings to copy, a check, a live view.
import { html, useState } from '../lib.js';
import { api, at, may, useResource } from '../api.js';
import { useTopic } from '../live.js';
import { CodeBlock, Copy } from '../ui/copy.js';
import { confirm, Dialog } from '../ui/dialog.js';
import { FormError, SelectField, Submit, TextField, useForm } from '../ui/form.js';
import { Icon } from '../ui/icon.js';
import { Load, Notice, PageHead } from '../ui/page.js';
import { Seen } from '../ui/seen.js';
import { Status } from '../ui/status.js';
import { Table } from '../ui/table.js';
import { attempt } from '../ui/toast.js';
import { ago, moment } from '../words.js';

function absolute(url) {
	return new URL(url, location.href).href;
}

function NewLink({ onClose, onDone }) {
	const [link, setLink] = useState(null);
	const form = useForm({ name: '', user: '', minutes: '1440' }, async (values) => {
		const body = { minutes: Number(values.minutes) };
		if (values.name.trim())
			body.name = values.name.trim();
		if (values.user.trim())
			body.user = values.user.trim();
		setLink(await api.post('/guests', body));
		onDone();
	});

	if (link)
		return html`<${Dialog} title="The guest link" onClose=${onClose}>
			<${Notice} kind="warn"><p>It is shown this once. The first browser that opens it keeps
				it; nobody else can
				use it then.</p><//>
			<label class="field"><span class="label">Link</span><input type="text"
				class="mono" readonly
				value=${absolute(link.url)} onFocus=${(e) => e.currentTarget.select()} /></label>
			<p class="muted">Good until ${moment(link.expires)}.</p>
			<div class="dialog-foot"><${Copy} text=${absolute(link.url)} what="Guest link copied" />
				<button type="button" class="button primary"
					onClick=${onClose}>Done</button></div><//>`;
	return html`<${Dialog} title="New guest link" onClose=${onClose}>
		<form ref=${form.form} onSubmit=${form.submit}>
			<${TextField} label="For whom" optional value=${form.values.name}
				onValue=${form.set('name')}
				error=${form.fault('name')} placeholder="Example Ltd., Mr. Smith" />
			<${TextField} label="User" optional value=${form.values.user}
				onValue=${form.set('user')}
				error=${form.fault('user')}
					help="The settings then name this user. A password is never shown." />
			<${SelectField} label="Good for" value=${form.values.minutes}
				onValue=${form.set('minutes')}
				options=${[['60', 'an hour'], ['1440', 'a day'], ['10080', 'a week']]} />
			<${FormError} form=${form} fields=${['name', 'user']} />
			<div class="dialog-foot"><button type="button" class="button"
				onClick=${onClose}>Cancel</button>
				<${Submit} form=${form}>Make the link<//></div></form><//>`;
}

function Watch({ guest, onClose }) {
	const seen = useResource(at`/guests/${guest.id}`);
	const [live, setLive] = useState([]);

	useTopic(`guest:${guest.id}`, (item) => setLive((old) => [...old, ...[].concat(item.seen ||
		item)]));
	return html`<${Dialog} wide title=${`What is seen of ${guest.name || 'the guest'}`}
		onClose=${onClose}>
		<${Load} from=${seen}>${(data) => html`<${Seen} items=${[...(data.seen || []),
			...live]} />`}<//><//>`;
}

function stateOf(guest) {
	if (new Date(guest.expires) <= new Date())
		return ['idle', 'Expired'];
	return guest.opened || guest.bound ? ['ok', 'In use'] : ['note', 'Not opened yet'];
}

export function Guests() {
	const guests = useResource('/guests', undefined, { every: 10000 });
	const [dialog, setDialog] = useState(null);
	const remove = async (guest) => {
		const sure = await confirm({ title: 'Withdraw this link?', action: 'Withdraw it', danger:
			true,
			words: 'Whoever has it sees nothing any more.' });
		if (sure && await attempt(() => api.remove(at`/guests/${guest.id}`),
			'The link is withdrawn.'))
			guests.reload();
	};
	const columns = [
		{ title: 'For', head: true, cell: (g) => g.name || 'no name' },
		{ title: 'State', cell: (g) => {
			const [kind, words] = stateOf(g);
			return html`<${Status} kind=${kind}>${words}<//>`;
		} },
		{ title: 'User', cell: (g) => g.user || '–' },
		{ title: 'Address', cell: (g) => g.address || '–' },
		{ title: 'Expires', cell: (g) => html`<span class="nowrap" title=${moment(g.expires)}>${
			ago(g.expires)}</span>` },
		{ label: 'Actions', cell: (g) => html`<div class="row-actions"><button type="button"
			class="button small"
			onClick=${() => setDialog(g)}
				aria-label=${`Watch ${g.name || 'this guest'}`}>Watch</button>
			${may('operator') && html`<button type="button" class="button small"
				onClick=${() => remove(g)}
				aria-label=${`Withdraw the link of ${g.name ||
					'this guest'}`}>Withdraw</button>`}</div>` },
	];

	return html`<${PageHead} title="Guest links" lead="For the other party, who cannot connect: one
		page with settings to
		copy, a check of their address, and what this server sees of their
			attempts.">${may('operator') &&
			html`<button type="button" class="button primary" onClick=${() => setDialog('new')}>
			<${Icon} name="plus" />New link</button>`}<//>
		<${Load} from=${guests}>${(data) => html`<${Table} caption="Guest links" columns=${columns}
			rows=${data.guests || data} keyOf=${(g) => g.id}
				empty="There is no guest link." />`}<//>
		${dialog === 'new' && html`<${NewLink} onClose=${() => setDialog(null)}
			onDone=${guests.reload} />`}
		${dialog && dialog !== 'new' && html`<${Watch} guest=${dialog}
			onClose=${() => setDialog(null)} />`}`;
}
