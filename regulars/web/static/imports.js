// Sends the chosen file as it is read, with progress, then goes on to what it seems to hold.
(() => {
  const form = document.querySelector("#upload");
  if (!form) return;
  const bar = document.querySelector("#sending"), wrong = document.querySelector("#not-sent"), button = form.querySelector("button");
  function refuse(text) { bar.hidden = true; button.disabled = false; wrong.hidden = false; wrong.textContent = text; }
  form.addEventListener("submit", e => {
    e.preventDefault();
    const file = form.file.files[0]; if (!file) return;
    const request = new XMLHttpRequest();
    request.open("PUT", "/imports/upload?name=" + encodeURIComponent(file.name));
    request.setRequestHeader("X-Form-Token", document.querySelector('meta[name="form-token"]').content);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = p => {
      bar.querySelector("progress").value = p.loaded / p.total;
      bar.querySelector("p").textContent = `${(p.loaded / 1048576).toFixed(1)} of ${(p.total / 1048576).toFixed(1)} MB sent`;
    };
    request.onload = () => {
      let told = {}; try { told = JSON.parse(request.responseText); } catch { /* a page, not an answer */ }
      if (request.status < 300) location.href = "/imports/new?file=" + encodeURIComponent(told.key);
      else refuse(told.what ? `${told.what}. ${told.fix}. ${told.code}` : `The server refused the file (${request.status}).`);
    };
    request.onerror = () => refuse("The connection was lost. Nothing was kept; send it again.");
    wrong.hidden = true; bar.hidden = false; button.disabled = true;
    request.send(file);
  });
})();
