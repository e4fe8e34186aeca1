const escape = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export function greeting(request) {
  return `<h1>Hello ${escape(request.query.name)}</h1>`;
}

export function search(request, hits) {
  return `<p>${hits.length} hits for ${request.query.q}</p>`;
}

export function afterLogin(request, response) {
  response.redirect(request.query.next ?? '/');
}

export function logout(request, response) {
  response.redirect('/goodbye');
}
