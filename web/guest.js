// guest.js - the page behind a guest link, for somebody who cannot connect: settings to copy, a
// check of
// their address, and what the server sees of their attempts. It knows nothing of the manager's
// pages.
import { html, render, useEffect, useState } from './lib.js';
import { api, at, urlOf } from './api.js';
import { CodeBlock, Copy } from './ui/copy.js';
import { Mark } from './ui/icon.js';
import { ErrorBox, Facts, Loading, Notice, Panel } from './ui/page.js';
import { Seen } from './ui/seen.js';
import { Tabs } from './ui/tabs.js';
import { ThemeSwitch } from './ui/theme.js';
import { Toasts } from './ui/toast.js';
import { moment } from './words.js';

const TITLES = { text: 'In words', filezilla: 'FileZilla', winscp: 'WinSCP', lftp: 'lftp',
	curl: 'curl',
	rclone: 'rclone', json: 'JSON' };
const SECURITY = { explicit: 'FTPS, explicit TLS', implicit: 'FTPS, implicit TLS',
	plain: 'FTP, unencrypted' };

const token = decodeURIComponent(location.pathname.split('/').filter(Boolean).at(-1) || '');

function useGuest() {
	const [state, setState] = useState({ data: null, error: null, seen: [] });
	const load = () => api.get(at`/guest/${token}`).then((data) => setState((old) => ({ data,
		error: null,
		seen: [...(data.seen || []), ...old.seen.filter((item) => item.isLive)] })),
	(error) => setState((old) => ({ ...old, error })));

	useEffect(() => { load(); }, []);
	useEffect(() => {
		if (!state.data)
			return undefined;
		const source = new EventSource(urlOf(at`/guest/${token}/stream`));
		const hear = (event) => {
			try {
				const items = [].concat(JSON.parse(event.data)).map((item) => ({ ...item, isLive:
					true }));
				setState((old) => ({ ...old, seen: [...old.seen, ...items] }));
			} catch {
				// A message that is not for this page.
			}
		};
		source.addEventListener(`guest:${state.data.id}`, hear);
		return () => source.close();
	}, [Boolean(state.data)]);
	return { ...state, load };
}

function Address({ data }) {
	return data.address_ok
		? html`<${Notice} kind="ok" title=${`Your address ${data.your_address} may connect`}>
			<p>No ban and no list of allowed networks stands in your way.</p><//>`
		: html`<${Notice} kind="bad" title=${`You may not connect from ${data.your_address}`}>
			<p>${data.address_reason}</p><p>Tell this to the administrator who sent you the link,
				with the address
			above.</p><//>`;
}

function rowsOf(server) {
	const connect = server.connect || [];

	return [
		['Host', html`<span class="row"><code>${server.host}</code><${Copy} quiet
			text=${server.host}
			what="Host copied" /></span>`],
		...connect.map((one) => [SECURITY[one.security] || one.security,
			`port ${one.ports.join(', ')}`]),
		...Object.entries(server.ports || {}).filter(([,
			ports]) => [].concat(ports).length > 0).map(
			([name, ports]) => [SECURITY[name] || name, `port ${[].concat(ports).join(', ')}`]),
		['User', server.user || undefined],
		['Mode', 'passive'],
	];
}

function SettingsPanel({ data }) {
	const settings = data.settings || {};
	const formats = Object.keys(TITLES).filter((name) => settings[name]);
	const [format, setFormat] = useState(formats[0]);

	return html`<${Panel} title="Settings for your program" lead="Choose your program, and copy.
		The password comes from
		the administrator, on another way.">
		<div class="stack"><${Facts} rows=${rowsOf({ ...data.server, user: data.user ||
			data.server.user })} />
		${formats.length > 0 && html`<div><${Tabs} label="Program" value=${format}
			onValue=${setFormat}
			tabs=${formats.map((name) => [name, TITLES[name]])}>
			<div class=${format === 'text' ? 'wrap-code' : ''}><${CodeBlock} label=${TITLES[format]}
				text=${typeof settings[format] === 'string' ? settings[format]
					: JSON.stringify(settings[format], null, 2)} /></div><//></div>`}</div><//>`;
}

function Guest() {
	const { data, error, seen, load } = useGuest();
	let content = html`<${Loading} />`;

	if (error && error.status === 410)
		content = html`<${Notice} kind="bad" title="This link is used up"><p>It has expired, or
			another browser has opened
			it first. Ask the person who sent it for a new one.</p><//>`;
	else if (error && error.status === 404)
		content = html`<${Notice} kind="bad" title="There is no such link"><p>Look whether the
			whole address was copied.
			If it was, ask the person who sent it for a new one.</p><//>`;
	else if (error)
		content = html`<${ErrorBox} error=${error} retry=${load} />`;
	else if (data)
		content = html`<${Address} data=${data} /><${SettingsPanel} data=${data} />
			<${Panel} title="What the server sees of you" lead="Leave this page open, and try to
				connect. Each step shows
				up here, with what stands in the way."><${Seen} items=${seen} /><//>
			${data.expires && html`<p class="muted small">This page is for you alone, until ${
				moment(data.expires)}.</p>`}`;
	return html`<main class="guest"><div class="guest-top"><span class="door-brand"><${Mark}
		size="28" />Connection
		guide</span><${ThemeSwitch} /></div>
		<h1>${data && data.server ? `How to connect to ${data.server.name || data.server.host}`
			: 'How to connect'}</h1>${content}</main><${Toasts} />`;
}

const root = document.getElementById('app');
root.replaceChildren();
render(html`<${Guest} />`, root);
