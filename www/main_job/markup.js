// @ts-check
// The section's elements; www/view fills them by their ids.

export const MARKUP = `
  <h2>The main job</h2>
  <p class="intro">
    One worker imports 200,000 flights in transactions of 1,000 rows, while three other workers, each with
    a SQLite of its own, query the same database without pause and check every answer.
  </p>
  <div class="card">
    <div class="bar">
      <p id="status" role="status">Ready.</p>
      <button id="run" class="primary" type="button">Run</button>
    </div>
    <label class="visually-hidden" for="progress">Import</label>
    <progress id="progress" max="1" value="0"></progress>
    <dl class="tiles">
      <div><dt>Rows imported</dt><dd id="rows">0</dd></div>
      <div><dt>Write-ahead log</dt><dd id="write-ahead">0 B</dd></div>
      <div><dt>Database</dt><dd id="database">0 B</dd></div>
      <div><dt>Commits</dt><dd id="commits">0</dd></div>
      <div><dt>Checkpoints</dt><dd id="checkpoints">0</dd></div>
    </dl>
    <figure>
      <svg id="chart" viewBox="0 0 600 120" preserveAspectRatio="none" role="img" aria-labelledby="chart-title">
        <title id="chart-title">Size of the write-ahead log during the import</title>
        <path id="chart-area" d="" />
        <path id="chart-line" d="" />
      </svg>
      <figcaption>Size of the write-ahead log, <span id="chart-peak">highest 0 B</span></figcaption>
    </figure>
  </div>
  <div class="card">
    <h3>Workers</h3>
    <div class="scroll" tabindex="0" role="region" aria-label="What each worker does">
      <table>
        <thead>
          <tr>
            <th scope="col">Worker</th>
            <th scope="col" class="number">Per second</th>
            <th scope="col" class="number">Transactions</th>
            <th scope="col" class="number">Reads</th>
            <th scope="col" class="number">Sees rows</th>
            <th scope="col" class="number">States seen</th>
          </tr>
        </thead>
        <tbody id="workers"></tbody>
      </table>
    </div>
  </div>
  <div class="card">
    <h3>Checks</h3>
    <p id="verdict" aria-live="polite">They come when the import is done.</p>
    <ul id="checks"></ul>
  </div>
`;
