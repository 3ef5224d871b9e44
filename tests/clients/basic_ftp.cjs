// The npm package basic-ftp; see README.md for the steps. It is passive only.

const fs = require("node:fs");
const readline = require("node:readline");
const { Client } = require("basic-ftp");

async function open() {
	const client = new Client(30000);
	const secure = { explicit: true, implicit: "implicit", plain: false }[process.env.FTP_MODE];
	await client.access({
		host: process.env.FTP_HOST,
		port: Number(process.env.FTP_PORT),
		user: process.env.FTP_USER,
		password: process.env.FTP_PASSWORD,
		secure,
		secureOptions: { ca: fs.readFileSync(process.env.FTP_CA) },
	});
	return client;
}

const steps = {
	mkdir: (client, path) => client.send(`MKD ${path}`),
	rmdir: (client, path) => client.send(`RMD ${path}`),
	delete: (client, path) => client.remove(path),
	rename: (client, from, to) => client.rename(from, to),
	put: (client, local, path) => client.uploadFrom(local, path),
	get: (client, path, local) => client.downloadTo(local, path),
	reput: async (client, local, path) =>
		client.appendFrom(local, path, { localStart: await client.size(path) }),
	reget: (client, path, local) => client.downloadTo(local, path, fs.statSync(local).size),
	names: async (client, path) => {
		for (const entry of await client.list(path))
			console.log(`name ${entry.name}`);
	},
};

async function main() {
	const client = await open();
	try {
		for await (const line of readline.createInterface({ input: process.stdin })) {
			const [step, ...words] = line.split("\t");
			await steps[step](client, ...words);
		}
	} finally {
		client.close();
	}
}

main().catch((problem) => {
	console.error(problem);
	process.exitCode = 1;
});
