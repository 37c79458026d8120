// An application that signs its users in by NTLM, and tells each who it is.
const express = require("express");
const ntlm = require("express-ntlm");

const app = express();
app.use(ntlm());
app.use((request, response) => void response.send(`you are ${request.ntlm.UserName}`));
app.listen(Number(process.argv[2]), "127.0.0.1");
