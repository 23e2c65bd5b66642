// Shows the document that the page names, with a credential that works filled in.
"use strict";

const place = document.getElementById("swagger-ui");
const docs = SwaggerUIBundle({
  url: place.dataset.document,
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  onComplete: () => {
    for (const [name, value] of Object.entries(JSON.parse(place.dataset.credentials))) {
      docs.preauthorizeApiKey(name, value);
    }
  },
});
