// @ts-check
// What drizzle-kit makes of a schema in two steps, in the form that it has for bundles (`migrations.js`
// beside the journal). A test in Node writes it into a folder.

export const journal = {
  version: '7',
  dialect: 'sqlite',
  entries: [
    { idx: 0, version: '6', when: 1_732_000_000_000, tag: '0000_users', breakpoints: true },
    { idx: 1, version: '6', when: 1_732_000_100_000, tag: '0001_posts', breakpoints: true },
  ],
};

/** @type {Record<string, string>} */
export const migrations = {
  m0000: `CREATE TABLE \`users\` (
	\`id\` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	\`name\` text NOT NULL,
	\`joined\` integer NOT NULL,
	\`admin\` integer DEFAULT false NOT NULL,
	\`settings\` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX \`users_name_unique\` ON \`users\` (\`name\`);`,
  m0001: `CREATE TABLE \`posts\` (
	\`id\` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	\`author\` integer NOT NULL,
	\`title\` text NOT NULL,
	FOREIGN KEY (\`author\`) REFERENCES \`users\`(\`id\`) ON UPDATE no action ON DELETE cascade
);`,
};
