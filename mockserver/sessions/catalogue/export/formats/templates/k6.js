// TITLE, as `specimen serve` answers. Made by `specimen export k6`; nobody has run it.
// k6 run -e BASE_URL=http://127.0.0.1:8080/… -e CREDENTIAL='…' THIS_FILE
import { check, sleep } from 'k6';
import encoding from 'k6/encoding';
import http from 'k6/http';

const plan = JSON.parse(open('./STEPS_FILE'));

export const options = { vus: 1, iterations: 1, thresholds: { checks: ['rate==1'] } };

const at = (value, keys) => keys.reduce((one, key) => (one === null || one === undefined ? undefined : one[key]), value);
const filled = (text, values) => text.replace(/\{\{(\w+)\}\}/g, (whole, name) => (name in values ? values[name] : whole));

function parsed(response) {
  try {
    return response.json();
  } catch (error) {
    return undefined;
  }
}

function sent(step, values) {
  const headers = {};
  for (const [name, value] of Object.entries(step.headers)) headers[name] = filled(value, values);
  let body = null;
  if (step.base64 !== null) body = encoding.b64decode(step.base64, 'std');
  else if (step.body !== null) body = filled(step.body, values);
  return http.request(step.method, filled(`{{base_url}}${step.path}`, values), body, { headers, tags: { name: step.name } });
}

function run(step, values) {
  let response = sent(step, values);
  let answer = parsed(response);
  if (step.until !== null) {
    for (let polls = 1; at(answer, step.until[0]) !== step.until[1] && polls < plan.most_polls; polls += 1) {
      sleep(0.1);
      response = sent(step, values);
      answer = parsed(response);
    }
  }
  const checks = { [`${step.name}: answers ${step.statuses.join(' or ')}`]: () => step.statuses.includes(response.status) };
  for (const [keys, value] of [...step.equal, ...(step.until === null ? [] : [step.until])]) {
    checks[`${step.name}: ${keys.join('.')} is ${value}`] = () => at(answer, keys) === value;
  }
  check(response, checks);
  for (const [name, keys] of step.captures) values[name] = at(answer, keys);
}

export default function () {
  const values = {};
  for (const [name, value] of Object.entries(plan.variables)) values[name] = __ENV[name.toUpperCase()] || value;
  values.namespace = `export-${Math.random().toString(36).slice(2, 12)}`;
  for (const chapter of plan.chapters) for (const step of chapter.steps) run(step, values);
}
