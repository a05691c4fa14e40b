// How each host is told to send the headers that isolate a page. Data alone: `doctor({ host })` prints
// it, docs/hosting.md is generated from it (`UPDATE=1 node --test tests/node/hosting.test.mjs`).

/** A host that {@link doctor} has a recipe for. */
export type Host =
  | 'vite'
  | 'webpack'
  | 'next'
  | 'nginx'
  | 'caddy'
  | 'netlify'
  | 'vercel'
  | 'cloudflare'
  | 'github-pages';

/** A file of a recipe. */
export interface RecipeFile {
  /** Where it is, from the root of the project or of the site. */
  path: string;
  /** What it is written in, as code blocks have it. */
  language: 'js' | 'json' | 'nginx' | 'caddyfile' | 'text' | 'html' | 'sh';
  /** Its content. */
  text: string;
}

/** What to do on one host. */
export interface Recipe {
  /** As `doctor({ host })` takes it. */
  host: Host;
  /** Its own name. */
  title: string;
  /** What to put where. */
  files: RecipeFile[];
  /** What is not said by the files. */
  notes: string[];
}

/** What isolates a page. */
export const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;

const HEADERS_FILE = `/*
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp
`;

export const RECIPES: Readonly<Record<Host, Recipe>> = {
  vite: {
    host: 'vite',
    title: 'Vite',
    files: [
      {
        path: 'vite.config.js',
        language: 'js',
        text: `import sharedwal from 'sharedwal/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [sharedwal()],
});
`,
      },
    ],
    notes: [
      'The plugin is for `vite` and `vite preview`. What serves the built page has to send the headers itself.',
    ],
  },
  webpack: {
    host: 'webpack',
    title: 'webpack-dev-server',
    files: [
      {
        path: 'webpack.config.mjs',
        language: 'js',
        text: `export default {
  devServer: {
    headers: {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    },
  },
};
`,
      },
    ],
    notes: ['What serves the built page has to send the headers itself.'],
  },
  next: {
    host: 'next',
    title: 'Next.js',
    files: [
      {
        path: 'next.config.mjs',
        language: 'js',
        text: `export default {
  async headers() {
    return [
      {
        source: '/(.*)',
        headers: [
          { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
          { key: 'Cross-Origin-Embedder-Policy', value: 'require-corp' },
        ],
      },
    ];
  },
};
`,
      },
    ],
    notes: [
      "With `output: 'export'` Next sends no headers: what serves the files has to.",
      'Create runtimes and workers in client components only, in an effect: there is no `Worker` on the server.',
    ],
  },
  nginx: {
    host: 'nginx',
    title: 'nginx',
    files: [
      {
        path: 'nginx.conf, in the server block',
        language: 'nginx',
        text: `location / {
  add_header Cross-Origin-Opener-Policy same-origin always;
  add_header Cross-Origin-Embedder-Policy require-corp always;
}
`,
      },
    ],
    notes: [
      'A block with an `add_header` of its own inherits none: repeat both in each such block.',
      'An old `mime.types` has no `application/wasm wasm;`: add it, or the module compiles only after its last byte is there.',
    ],
  },
  caddy: {
    host: 'caddy',
    title: 'Caddy',
    files: [
      {
        path: 'Caddyfile',
        language: 'caddyfile',
        text: `example.com {
  root * /srv
  header {
    Cross-Origin-Opener-Policy same-origin
    Cross-Origin-Embedder-Policy require-corp
  }
  file_server
}
`,
      },
    ],
    notes: [],
  },
  netlify: {
    host: 'netlify',
    title: 'Netlify',
    files: [{ path: '_headers', language: 'text', text: HEADERS_FILE }],
    notes: ['The file has to be in the folder that is published, `public/` in most projects.'],
  },
  vercel: {
    host: 'vercel',
    title: 'Vercel',
    files: [
      {
        path: 'vercel.json',
        language: 'json',
        text: `{
  "headers": [
    {
      "source": "/(.*)",
      "headers": [
        { "key": "Cross-Origin-Opener-Policy", "value": "same-origin" },
        { "key": "Cross-Origin-Embedder-Policy", "value": "require-corp" }
      ]
    }
  ]
}
`,
      },
    ],
    notes: [],
  },
  cloudflare: {
    host: 'cloudflare',
    title: 'Cloudflare Pages and Workers',
    files: [{ path: '_headers', language: 'text', text: HEADERS_FILE }],
    notes: [
      'The file has to be in the folder of the static files.',
      'It does not count for what a Function or a Worker answers: set both headers on its responses.',
    ],
  },
  'github-pages': {
    host: 'github-pages',
    title: 'GitHub Pages, and whoever lets you set no headers',
    files: [
      {
        path: 'once, in the folder that is published',
        language: 'sh',
        text: `cp node_modules/sharedwal/dist/isolation-service-worker.js .
`,
      },
      {
        path: 'index.html, first in <head>',
        language: 'html',
        text: `<script src="isolation-service-worker.js"></script>
`,
      },
    ],
    notes: [
      'A service worker answers the requests of the page, and adds the headers. At the first visit the page loads once more, when it is there.',
      'The file has to be in the folder of the page or above it: a service worker serves nothing else.',
      'Not in private windows of Firefox, nor where service workers are turned off.',
    ],
  },
};

/** The recipe as text. */
export function recipeText({ title, files, notes }: Recipe): string {
  const parts = files.map(({ path, text }) => `${path}:\n\n${indented(text)}`);
  return [`${title}`, ...parts, ...notes].join('\n\n');
}

function indented(text: string): string {
  return text.trimEnd().replace(/^(?=.)/gm, '    ');
}
