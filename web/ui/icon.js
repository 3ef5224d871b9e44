// ui/icon.js - our own small drawings, 16 by 16, in the colour of the text around them.
import { html } from '../lib.js';

const PATHS = {
	overview: 'M2 9a6 6 0 0 1 12 0M8 9l3-3M3 12.5h10',
	users: 'M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4' +
		'M11 3.3a2.3 2.3 0 0 1 0 4.4M12.5 9.8c1.3.6 2 1.9 2 3.7',
	groups: 'M2 4.5h4.5l1.3 1.5H14v7H2z',
	sessions: 'M2 3h12v8H2zM6 14h4M8 11v3M5 6l2 1.5L5 9',
	transfers: 'M5 13V3M2.5 5.5 5 3l2.5 2.5M11 3v10M8.5 10.5 11 13l2.5-2.5',
	connectivity: 'M1.5 8H6M10 8h4.5M6 5v6M10 5v6M8 2v2M8 7v2M8 12v2',
	events: 'M3 3h10M3 6.3h10M3 9.6h7M3 13h5',
	settings: 'M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M10.5 3v3M5.5 10v3',
	certificates: 'M8 9.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM6 9v5l2-1.3L10 14V9',
	firewall: 'M2 3h12v10H2zM2 6.3h12M2 9.6h12M6 3v3.3M10 6.3v3.3M6 9.6V13',
	doctor: 'M1.5 8.5h3l2-5 3 9 2-4h3',
	guests: 'M6.5 9.5l3-3M5.5 7.5 3.8 9.2a2.1 2.1 0 0 0 3 3L8.5 10.5' +
		'M7.5 5.5l1.7-1.7a2.1 2.1 0 0 1 3 3L10.5 8.5',
	bans: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM3.8 3.8l8.4 8.4',
	admins: 'M8 1.8 13 3.5v4c0 3.2-2 5.6-5 6.7-3-1.1-5-3.5-5-6.7v-4zM6 8l1.5 1.5L10.3 6.5',
	audit: 'M4 2h6l3 3v9H4zM10 2v3h3M6 8h4.5M6 11h4.5',
	account: 'M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.5 14c0-2.8 2.4-4.5 5.5-4.5s5.5 1.7 5.5 4.5',
	check: 'M3 8.5 6.5 12 13 4.5',
	cross: 'M4 4l8 8M12 4l-8 8',
	warning: 'M8 2 15 13.5H1zM8 6.5v3M8 11.3v.4',
	note: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.5v3.5M8 5v.3',
	dash: 'M4 8h8',
	plus: 'M8 3v10M3 8h10',
	copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
	down: 'M8 2.5v8M4.5 7.5 8 11l3.5-3.5M2.5 13.5h11',
	up: 'M8 11V3M4.5 6 8 2.5 11.5 6M2.5 13.5h11',
	search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.3 10.3 14 14',
	menu: 'M2 4h12M2 8h12M2 12h12',
	sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1',
	moon: 'M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z',
	auto: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 2v12M8 5l4.5-.5M8 8h6M8 11l4.5.5',
	refresh: 'M13 8a5 5 0 1 1-1.5-3.5L13 6M13 2.5V6H9.5',
	out: 'M6 3H3v10h3M7 8h7M11 5l3 3-3 3',
	trash: 'M3 4.5h10M6.5 4.5V2.5h3v2M4.5 4.5l.5 9h6l.5-9',
	eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
	back: 'M7 3.5 2.5 8 7 12.5M2.5 8H14',
	forward: 'M6 3.5 10.5 8 6 12.5',
	play: 'M4.5 2.5v11l9-5.5z',
	lock: 'M3.5 7h9v7h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2',
	key: 'M5 13a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 5 13ZM7 8.2 13 2.5M10.5 5l2 2',
	clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.5V8l2.5 1.5',
};

// A drawing says nothing by itself: words stand beside it, or the button has a label.
export function Icon({ name, size = 16, class: className = '' }) {
	return html`<svg class=${`icon ${className}`} width=${size} height=${size} viewBox="0 0 16 16"
		fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"
		stroke-linejoin="round" aria-hidden="true" focusable="false"><path
			d=${PATHS[name]} /></svg>`;
}

// The mark of the product: a gate in a wall.
export function Mark({ size = 24 }) {
	return html`<svg class="mark" width=${size} height=${size} viewBox="0 0 32 32"
		aria-hidden="true"
		focusable="false"><rect width="32" height="32" rx="7" /><path
		d="M7 25V12a9 9 0 0 1 18 0v13M12 25V13a4 4 0 0 1 8 0v12M16 9v16" /></svg>`;
}
