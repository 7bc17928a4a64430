/** The two pages: an order form that posts to the API, and an order's status, asked again until it is delivered. */
const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>body{font:1rem/1.6 system-ui;max-width:32rem;margin:2rem auto;padding:0 1rem}label{display:block;margin:.5rem 0}
input,select,button{font:inherit}li{color:#767676}li.done{color:#06692d;font-weight:600}</style>
<h1>${title}</h1>${body}</html>`;

const choice = (name: string, label: string, values: readonly string[]): string =>
  `<label>${label} <select name="${name}">${values.map((value) => `<option>${value}</option>`).join('')}</select></label>`;

export const orderForm = (): string =>
  page(
    'Order a pizza',
    `<form><label>Name <input name="name" required maxlength="100"></label>
<label>Customer <input name="customer_id" required maxlength="100"></label>
${choice('sauce', 'Sauce', ['Tomato', 'Pesto'])}${choice('cheese', 'Cheese', ['Mozzarella', 'Cheddar', 'Vegan'])}
${choice('main_topping', 'Topping', ['Ham', 'Tuna', 'Mushrooms'])}
<label>Extras <input name="extra_toppings" maxlength="200" placeholder="Olives, Basil"></label>
<button>Order</button> <output></output></form>
<script>
const form = document.querySelector('form'), said = document.querySelector('output');
const id = crypto.randomUUID?.() ?? '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (c) => (c ^ crypto.getRandomValues(new Uint8Array(1))[0] & 15 >> c / 4).toString(16));
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ id, ...Object.fromEntries(new FormData(form)) }); // sent twice it is still one order
  const answer = await fetch('/api/orders', { method: 'POST', headers: { 'content-type': 'application/json' }, body }).catch(() => undefined);
  if (answer?.ok) location = '/orders/' + id;
  else said.textContent = answer === undefined ? 'No answer: try again.' : (await answer.json()).error.message;
});
</script>`,
  );

export const orderPage = (id: string): string =>
  page(
    'Your pizza',
    `<p>Order <code>${id.replace(/[^\w-]/g, '')}</code></p>
<ol><li data-status="100">ordered<li data-status="150">in the kitchen<li data-status="200">assembled<li data-status="300">baked<li data-status="400">delivered</ol>
<p><a href="/">Order another one</a></p>
<script>
async function show() {
  const answer = await fetch(location.pathname + '/status').catch(() => undefined);
  const { status } = answer?.ok ? await answer.json() : { status: null };
  for (const step of document.querySelectorAll('li')) step.classList.toggle('done', Number(step.dataset.status) <= status);
  if (status !== 400) setTimeout(show, 500);
}
show();
</script>`,
  );
