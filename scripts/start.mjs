// `npm start`: the site, for a person.
import { build } from './build.mjs';
import { serve } from './serve.mjs';
import { main, say } from './setup/report.mjs';
import { setup } from './setup.mjs';

const PORT = 8080;

await main(import.meta.url, async () => {
  await build(await setup({ browser: false }));
  const port = process.env.PORT;
  const { url } = await serve({ port: Number(port ?? PORT) }).catch((error) => {
    if (error.code !== 'EADDRINUSE' || port) throw error;
    return serve({ port: 0 });
  });
  say('start', `${url}/www/ (Ctrl-C stops)`);
});
