// Shows the API's description; a key that is typed in stays in this page and is not stored.
const place = document.getElementById("description");
window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  persistAuthorization: false,
  validatorUrl: null,
});
