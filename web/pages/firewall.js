// pages/firewall.js - what firewalls must let through, in words and in their own languages.
import { html, useState } from '../lib.js';
import { api, useResource } from '../api.js';
import { hrefTo } from '../route.js';
import { CodeBlock } from '../ui/copy.js';
import { AreaField, FormError, Submit, useForm } from '../ui/form.js';
import { Load, Notice, PageHead, Panel } from '../ui/page.js';
import { Filter, FilterText } from '../ui/table.js';
import { Tabs } from '../ui/tabs.js';
import { textOf } from './user.js';

const FORMATS = [
	['text', 'In words'], ['letter', 'Letter'], ['nftables', 'nftables'], ['iptables', 'iptables'],
	['ufw', 'ufw'], ['firewalld', 'firewalld'], ['windows', 'Windows'], ['aws', 'AWS'], ['azure',
		'Azure'],
	['gcp', 'Google Cloud'], ['paloalto', 'Palo Alto'], ['cisco', 'Cisco'], ['json', 'JSON'],
];

function CheckList({ side }) {
	const [result, setResult] = useState(null);
	const form = useForm({ list: '' }, async (values) => {
		setResult(await api.post('/firewall/check', { list: values.list, side }));
	});

	return html`<${Panel} title="Check what is open" lead="Paste the list of what the other side
		says it has opened.
		It is compared with what FTP needs here.">
		<form class="form" ref=${form.form} onSubmit=${form.submit}>
			<${AreaField} label="Their list" mono value=${form.values.list} onValue=${(text) => {
				form.set('list')(text);
				setResult(null);
			}} placeholder="tcp 21, 990, 40000-50000" error=${form.fault('list')} />
			<${FormError} form=${form} fields=${['list']} />
			<p><${Submit} form=${form} disabled=${!form.values.list.trim()}>Compare<//></p>
			${result && (result.complete
				? html`<${Notice} kind="ok" title="Nothing is missing"><p>All that FTP needs is on
					the list.</p><//>`
				: html`<${Notice} kind="bad" title="These are missing"><ul>${(result.missing ||
					[]).map((m) =>
					html`<li>${typeof m === 'string' ? m : m.text || JSON.stringify(m)}</li>`)}</ul>
					<p>Ask them to open these as well.</p><//>`)}
		</form><//>`;
}

export function Firewall({ route }) {
	const side = route.query.side === 'client' ? 'client' : 'server';
	const format = FORMATS.some(([id]) => id === route.query.format) ? route.query.format : 'text';
	const client = route.query.client || '';
	const set = (name) => (value) => location.replace(hrefTo('firewall', { ...route.query, [name]:
		value }));
	const sheet = useResource('/firewall', { side, format, client });
	const [, title] = FORMATS.find(([id]) => id === format);

	return html`<${PageHead} title="Firewall" lead="What to open here, and what to ask the other
		side to open. FTP takes
		two kinds of connections; both must pass." />
		<div class="tools">
			<${Filter} label="Side" value=${side} onChange=${set('side')} options=${[['server',
				'Here, at the server'], ['client', 'At the client']]} />
			<${FilterText} label="Client network" value=${client} onChange=${set('client')}
				placeholder="any" />
		</div>
		<${Panel}><${Tabs} label="Format" value=${format} onValue=${set('format')} tabs=${FORMATS}>
			<${Load} from=${sheet}>${(data) => html`<div class=${format === 'text' ||
				format === 'letter'
				? 'wrap-code' : ''}><${CodeBlock} text=${textOf(data)} label=${`Firewall, ${title}`}
				name=${`sallyport-firewall-${side}.${format === 'json' ?
					'json' : 'txt'}`} /></div>`}<//><//><//>
		<${CheckList} side=${side} />`;
}
