<?php
// php -S 127.0.0.1:PORT router.php
switch (strtok($_SERVER["REQUEST_URI"], "?")) {
    case "/length":
        echo strlen(file_get_contents("php://input"));
        break;
    case "/refuse":
        http_response_code(401);
        echo "who are you?";
        break;
    default:
        echo "hello";
}
