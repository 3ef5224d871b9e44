// app.js - the page of the manager: who is there, where they are, and the frame around it.
import { html, render, useEffect, useErrorBoundary, useRef, useState } from './lib.js';
import { api, may, mayBeLoggedIn, setPerson, usePerson } from './api.js';
import { hrefTo, useRoute } from './route.js';
import { useIsLive, useTopic } from './live.js';
import { Icon, Mark } from './ui/icon.js';
import { Loading, Notice, PageHead } from './ui/page.js';
import { Toasts, attempt } from './ui/toast.js';
import { ThemeSwitch } from './ui/theme.js';
import { Login } from './pages/login.js';
import { Setup } from './pages/setup.js';
import { Overview } from './pages/overview.js';
import { Users } from './pages/users.js';
import { Groups } from './pages/groups.js';
import { Sessions } from './pages/sessions.js';
import { Transfers } from './pages/transfers.js';
import { Connectivity } from './pages/connectivity.js';
import { Events } from './pages/events.js';
import { Settings } from './pages/settings.js';
import { Certificates } from './pages/certificates.js';
import { Firewall } from './pages/firewall.js';
import { Doctor } from './pages/doctor.js';
import { Guests } from './pages/guests.js';
import { Bans } from './pages/bans.js';
import { Administrators } from './pages/administrators.js';
import { Audit } from './pages/audit.js';
import { Account } from './pages/account.js';

// page, title, component, and the role without which it is not offered.
const SECTIONS = [
	['Now', [
		['overview', 'Overview', Overview],
		['sessions', 'Sessions', Sessions],
		['transfers', 'Transfers', Transfers],
		['connectivity', 'Connectivity', Connectivity],
		['events', 'Events', Events],
	]],
	['Accounts', [
		['users', 'Users', Users],
		['groups', 'Groups', Groups],
		['bans', 'Bans', Bans],
	]],
	['Server', [
		['settings', 'Settings', Settings],
		['certificates', 'Certificates', Certificates],
		['firewall', 'Firewall', Firewall],
		['doctor', 'Doctor', Doctor],
		['guests', 'Guest links', Guests],
	]],
	['Manager', [
		['admins', 'Administrators', Administrators, 'owner'],
		['audit', 'Audit', Audit, 'owner'],
		['account', 'Your account', Account],
	]],
];

const PAGES = new Map(SECTIONS.flatMap(([, rows]) => rows).map(([page, , component, role]) =>
	[page, { component, role }]));

function Navigation({ current, onChoose }) {
	return html`<nav aria-label="Main" id="navigation">
		${SECTIONS.map(([title, rows]) => html`<div class="nav-group" key=${title}>
			<p class="nav-title" id=${`nav-${title}`}>${title}</p>
			<ul aria-labelledby=${`nav-${title}`}>${rows
				.filter(([, , , role]) => !role || may(role))
				.map(([page, words]) => html`<li key=${page}><a href=${hrefTo(page)}
					onClick=${onChoose}
					aria-current=${page === current ? 'page' : undefined}><${Icon} name=${page} />
					${words}</a></li>`)}</ul>
		</div>`)}
	</nav>`;
}

function LiveMark() {
	const isLive = useIsLive();

	return html`<span class=${`live ${isLive ? 'up' : 'down'}`} role="status"
		title=${isLive ? 'What you see follows the server' : 'The live connection is being set up again'}>
		<span class="live-dot" aria-hidden="true"></span>${isLive ?
			'Live' : 'Reconnecting'}</span>`;
}

function Broken({ error, onRetry }) {
	return html`<${Notice} kind="bad" title="This page has failed"
		actions=${html`<button type="button" class="button" onClick=${onRetry}>Try again</button>`}>
		<p>${error.message || String(error)}. The server is not affected. If it happens again, the
			command
		line can do the same: <code>sallyport help</code>.</p><//>`;
}

function Page({ route }) {
	const [error, reset] = useErrorBoundary();
	const entry = PAGES.get(route.page);

	useEffect(reset, [route.page]);
	if (error)
		return html`<${Broken} error=${error} onRetry=${reset} />`;
	if (!entry)
		return html`<${PageHead} title="There is no such page" />
			<p><a href=${hrefTo('overview')}>Go to the overview</a></p>`;
	if (entry.role && !may(entry.role))
		return html`<${PageHead} title="Your role does not include this page"
			lead=${`It needs the role ${entry.role}. Ask an owner of this server.`} />`;
	return html`<${entry.component} route=${route} key=${route.page} />`;
}

async function logOut() {
	if (await attempt(() => api.post('/auth/logout')))
		setPerson(null);
}

function Frame({ person }) {
	const route = useRoute();
	const [isOpen, open] = useState(false);
	const main = useRef(null);
	const first = useRef(true);

	useEffect(() => {
		open(false);
		window.scrollTo(0, 0);
		if (!first.current)
			main.current.focus({ preventScroll: true });
		first.current = false;
	}, [route.parts.join('/')]);
	useEffect(() => {
		const close = (event) => event.key === 'Escape' && open(false);
		window.addEventListener('keydown', close);
		return () => window.removeEventListener('keydown', close);
	}, []);
	useTopic('throughput', () => {}); // the stream shows that the server is there
	return html`
		<a class="skip" href="#main" onClick=${(event) => {
			event.preventDefault();
			main.current.focus();
		}}>Skip to the content</a>
		<header class="top">
			<button type="button" class="button quiet menu" aria-expanded=${isOpen ?
				'true' : 'false'}
				aria-controls="navigation" onClick=${() => open(!isOpen)}><${Icon} name="menu" />
				<span class="unseen">Menu</span></button>
			<a class="brand" href=${hrefTo('overview')}><${Mark} /><span>Sallyport</span></a>
			<span class="spring"></span>
			<${LiveMark} />
			<${ThemeSwitch} />
			<a class="who" href=${hrefTo('account')} title="Your account"><${Icon} name="account" />
				<span class="who-name">${person.name}</span><span
					class="who-role">${person.role}</span></a>
			<button type="button" class="button quiet" onClick=${logOut}
				aria-label="Log out"><${Icon} name="out" />
				<span class="wide-only">Log out</span></button>
		</header>
		<div class=${`frame ${isOpen ? 'open' : ''}`}>
			<${Navigation} current=${route.page} onChoose=${() => open(false)} />
			<div class="shade" onClick=${() => open(false)}></div>
			<main id="main" tabindex="-1" ref=${main}><${Page} route=${route} /></main>
		</div>`;
}

function App() {
	const person = usePerson();
	const route = useRoute();
	const [state, setState] = useState('asking');

	useEffect(() => {
		const ask = async () => {
			const setup = await api.get('/setup').catch(() => ({ needed: false }));
			const isAsked = !setup.needed && mayBeLoggedIn();
			setPerson(isAsked ? await api.get('/auth/me').catch(() => null) : null);
			setState(setup.needed ? 'setup' : 'ready');
		};
		ask();
	}, []);
	let content;
	if (state === 'asking')
		content = html`<${Loading} />`;
	else if (person)
		content = html`<${Frame} person=${person} />`;
	else if (state === 'setup' || route.page === 'setup')
		content = html`<${Setup} isNeeded=${state === 'setup'} token=${route.query.token}
			onDone=${() => setState('ready')} />`;
	else
		content = html`<${Login} />`;
	return html`${content}<${Toasts} />`;
}

const root = document.getElementById('app');
root.replaceChildren();
render(html`<${App} />`, root);
