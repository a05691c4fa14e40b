// @ts-check
// How cost grows along an axis: the exponent e for which cost is about x^e. 0 is a cost that does not
// grow, 1 one that grows in proportion.

/**
 * Something that is measured at each point of an axis.
 *
 * @typedef {object} Part
 * @property {string} name
 * @property {string} title
 * @property {string} unit
 */

/**
 * @typedef {object} Axis
 * @property {string} name
 * @property {string} title
 * @property {string} unit
 * @property {Part[]} parts
 * @property {number[]} quick points in rising order
 * @property {number[]} full
 * @property {(points: number[]) => AsyncIterable<[index: number, cost: Record<string, number>]>} measure
 *   the cost of each part, by its name, point after point
 */

/**
 * @typedef {Part & { costs: number[], ratio: number, exponent: number, steepest: number }} PartReport
 *   `ratio` of the last cost to the first; `exponent` of the line through all points, `steepest`
 *   between any two that follow each other
 */

/** @typedef {{ name: string, title: string, unit: string, points: number[], parts: PartReport[] }} AxisReport */

/**
 * The exponent of the power that fits best.
 *
 * @param {number[]} points above 0
 * @param {number[]} costs above 0
 */
export function exponentOf(points, costs) {
  const xs = points.map(Math.log);
  const ys = costs.map(Math.log);
  const mean = (/** @type {number[]} */ of) => of.reduce((sum, one) => sum + one, 0) / of.length;
  const [x0, y0] = [mean(xs), mean(ys)];
  const covariance = mean(xs.map((x, i) => (x - x0) * ((ys[i] ?? Number.NaN) - y0)));
  return covariance / mean(xs.map((x) => (x - x0) ** 2));
}

/**
 * @param {Axis} axis
 * @param {number[]} points
 * @param {Record<string, number>[]} costs for each point
 * @returns {AxisReport}
 */
export function summarise({ name, title, unit, parts }, points, costs) {
  return {
    name,
    title,
    unit,
    points,
    parts: parts.map((part) => {
      const own = costs.map((cost) => cost[part.name] ?? Number.NaN);
      const bad = own.find((cost) => !(cost > 0));
      if (bad !== undefined) throw new Error(`${part.title} along ${title} costs ${bad}`);
      // There is no power of 0.
      const first = points.findIndex((point) => point > 0);
      const [xs, ys] = [points.slice(first), own.slice(first)];
      const steps = xs.slice(1).map((_, i) => exponentOf(xs.slice(i, i + 2), ys.slice(i, i + 2)));
      return {
        ...part,
        costs: own,
        ratio: /** @type {number} */ (own.at(-1)) / /** @type {number} */ (own[0]),
        exponent: exponentOf(xs, ys),
        steepest: Math.max(...steps),
      };
    }),
  };
}

/** From here on a part counts as worse than linear; what is below is noise. */
export const WORSE_THAN_LINEAR = 1.15;

/** @param {AxisReport} axis */
export function worseThanLinear({ parts }) {
  return parts.filter(({ exponent }) => exponent > WORSE_THAN_LINEAR);
}
