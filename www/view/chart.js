// @ts-check
import { bytes } from './format.js';
import { element, show } from './page.js';

const WIDTH = 600;
const HEIGHT = 120;

/** A line over time; both axes stretch with what comes in. */
export function chart() {
  /** @type {[number, number][]} */
  const points = [];
  let peak = 0;

  function draw() {
    const [last] = points.at(-1) ?? [1];
    const path = points
      .map(([seconds, value]) => {
        const x = (seconds / Math.max(last, 0.001)) * WIDTH;
        const y = HEIGHT - (value / Math.max(peak, 1)) * (HEIGHT - 4);
        return `${x.toFixed(1)} ${y.toFixed(1)}`;
      })
      .join(' L ');
    element('chart-line').setAttribute('d', `M ${path}`);
    element('chart-area').setAttribute('d', `M 0 ${HEIGHT} L ${path} L ${WIDTH} ${HEIGHT} Z`);
    show('chart-peak', `highest ${bytes(peak)}`);
  }

  return {
    /**
     * @param {number} seconds
     * @param {number} value
     */
    add(seconds, value) {
      points.push([seconds, value]);
      peak = Math.max(peak, value);
      draw();
    },
  };
}
