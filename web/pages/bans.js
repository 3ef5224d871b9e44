// pages/bans.js - networks that are kept out.
import { html, useState } from '../lib.js';
import { api, at, may, useResource } from '../api.js';
import { confirm, Dialog } from '../ui/dialog.js';
import { FormError, SelectField, Submit, TextField, useForm } from '../ui/form.js';
import { Icon } from '../ui/icon.js';
import { Load, PageHead } from '../ui/page.js';
import { Badge } from '../ui/status.js';
import { Table } from '../ui/table.js';
import { attempt, toast } from '../ui/toast.js';
import { ago, moment } from '../words.js';

function NewBan({ onClose, onDone }) {
	const form = useForm({ network: '', reason: '', minutes: '60' }, async (values) => {
		const body = { network: values.network.trim() };
		if (values.reason.trim())
			body.reason = values.reason.trim();
		if (values.minutes)
			body.minutes = Number(values.minutes);
		await api.post('/bans', body);
		toast(`${body.network} is banned.`);
		onDone();
		onClose();
	});

	return html`<${Dialog} title="Ban a network" onClose=${onClose}>
		<form ref=${form.form} onSubmit=${form.submit}>
			<${TextField} label="Address or network" required mono value=${form.values.network}
				onValue=${form.set('network')} error=${form.fault('network')}
					placeholder="203.0.113.0/24"
				help="Its sessions end, and it cannot connect any more." />
			<${TextField} label="Reason" optional value=${form.values.reason}
				onValue=${form.set('reason')}
				error=${form.fault('reason')} />
			<${SelectField} label="For" value=${form.values.minutes} onValue=${form.set('minutes')}
				options=${[['60', 'an hour'], ['1440', 'a day'], ['10080', 'a week'], ['',
					'ever']]} />
			<${FormError} form=${form} fields=${['network', 'reason']} />
			<div class="dialog-foot"><button type="button" class="button"
				onClick=${onClose}>Cancel</button>
				<${Submit} form=${form} kind="danger">Ban it<//></div></form><//>`;
}

export function Bans() {
	const bans = useResource('/bans', undefined, { every: 15000 });
	const [isNew, setNew] = useState(false);
	const lift = async (ban) => {
		const sure = await confirm({ title: `Lift the ban of ${ban.network}?`, action: 'Lift it',
			words: 'Its clients can connect again at once.' });
		if (sure && await attempt(() => api.remove(at`/bans/${ban.network}`),
			`${ban.network} may come again.`))
			bans.reload();
	};
	const columns = [
		{ title: 'Network', head: true, cell: (b) => html`<code>${b.network}</code>` },
		{ title: 'Reason', wide: true, cell: (b) => b.reason || '–' },
		{ title: 'Made by', cell: (b) => b.automatic ? html`<${Badge}>automatic<//>` : b.by ||
			b.who || '–' },
		{ title: 'Since', cell: (b) => html`<span
			title=${moment(b.created)}>${ago(b.created)}</span>` },
		{ title: 'Ends', cell: (b) => b.expires ? html`<span
			title=${moment(b.expires)}>${ago(b.expires)}</span>`
			: 'never' },
		{ label: 'Actions', cell: (b) => may('operator') && html`<div class="row-actions"><button
			type="button"
			class="button small" onClick=${() => lift(b)}
				aria-label=${`Lift the ban of ${b.network}`}>Lift</button>
			</div>` },
	];

	return html`<${PageHead} title="Bans"
		lead="Addresses and networks that may not connect.">${may('operator') &&
		html`<button type="button" class="button primary" onClick=${() => setNew(true)}><${Icon}
			name="plus" />Ban a
		network</button>`}<//>
		<${Load} from=${bans}>${(data) => html`<${Table} caption="Bans" columns=${columns}
			rows=${data.bans || data}
			keyOf=${(b) => b.network} empty="Nobody is banned." />`}<//>
		${isNew && html`<${NewBan} onClose=${() => setNew(false)} onDone=${bans.reload} />`}`;
}
