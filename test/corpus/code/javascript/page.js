const query = new URLSearchParams(window.location.search);
const name = query.get('name');
document.getElementById('a').innerHTML = 'Hello ' + name;
document.getElementById('b').textContent = 'Hello ' + name;
document.getElementById('c').innerHTML = DOMPurify.sanitize(name);
document.write('<b>' + location.hash + '</b>');
document.write('<b>fixed</b>');
const shown = parseInt(query.get('n'), 10);
document.getElementById('d').innerHTML = `<b>${shown}</b>`;
window.addEventListener('message', (event) => {
  document.getElementById('e').innerHTML = event.data;
});
window.location.href = query.get('next');
window.location.href = '/home';
