//! Disregard, instruction, conceal, act and secret in languages other than English; accents are dropped before the search.

use super::Concept;

#[rustfmt::skip] // as words, not one to a line
pub(in crate::injection) static LANGUAGES: &[(Concept, &[&str])] = &[
    (Concept::WordOverride, &[
        "ignoriere", "ignorieren sie", "missachte", "vergiss", "vergessen sie", "ignorez", "ignore", "oublie",
        "oubliez", "ne tiens pas compte", "ne tenez pas compte", "ignora", "ignorar", "ignorad", "olvida",
        "olvide", "olvidate", "descarta", "haz caso omiso", "esqueca", "esquece", "desconsidere",
        "desconsidera", "ignori", "ignorate", "dimentica", "dimenticate", "trascura", "negeer", "vergeet",
        "negeren", "zignoruj", "ignoruj", "zapomnij", "pomin", "ignorujte", "zapomen", "zapomente", "ignorera",
        "glom", "ignorer", "glem", "unohda", "ohita", "ala valita", "ignora*", "uita", "hagyd figyelmen kivul",
        "felejtsd el", "yok say", "gormezden gel", "unut", "abaikan", "lupakan", "bo qua", "quen", "puuza",
        "sahau", "huwag pansinin", "kalimutan", "*игнорируй*", "*игнорируйте*", "*забудь*", "*проигнорируй*",
        "*ігноруй*", "*игнорирай*", "*забрави*", "*αγνοησε*", "*αγνοηστε*", "*ξεχασε*", "*تجاهل*", "*انس *",
        "*نادیده بگیر*", "*فراموش کن*", "*התעלם*", "*שכח*", "*अनदेखा*", "*भूल जा*", "*नज़रअंदाज़*", "*উপেক্ষা*",
        "*ভুলে যা*", "*ละเว้น*", "*เพิกเฉย*", "*ลืม*", "*忽略*", "*无视*", "*忘记*", "*忘掉*", "*不要执行*", "*不要理会*",
        "*無視*", "*忽視*", "*忘記*", "*不要理會*", "*忘れ*", "*従わない*", "*무시*", "*잊어*", "*잊으*", "*따르지 마*",
    ]),
    (Concept::WordObject, &[
        "anweisung", "anweisungen", "vorgaben", "aufgabe", "instruktionen", "instructions precedentes",
        "instructions anterieures", "consignes", "tache actuelle", "instructions ci-dessus", "instrucciones",
        "tarea actual", "indicaciones anteriores", "instrucoes", "tarefa atual", "istruzioni",
        "compito attuale", "instructies", "huidige taak", "opdracht", "instrukcje", "instrukcji", "zadaniu",
        "zadanie", "polecenia", "pokyny", "pokynu", "instrukce", "instruktioner", "uppgiften", "uppgift",
        "instrukser", "instruksjoner", "ohjeet", "tehtava", "instructiunile", "sarcina", "utasitas*",
        "talimatlari", "gorevi", "instruksi", "tugas", "arahan", "huong dan", "maagizo", "kazi ya sasa",
        "mga tagubilin", "*инструкци*", "*указани*", "*задани*", "*задачу*", "*інструкці*", "*вказівк*",
        "*οδηγιες*", "*εργασια*", "*التعليمات*", "*تعليمات*", "*المهمة*", "*دستورالعمل*", "*وظیفه*",
        "*ההוראות*", "*הוראות*", "*המשימה*", "*निर्देश*", "*कार्य*", "*নির্দেশ*", "*คำสั่ง*", "*คำแนะนำ*",
        "*指令*", "*指示*", "*任务*", "*任務*", "*提示词*", "*用户的请求*", "*命令*", "*規則*", "*规则*", "*タスク*", "*지시*", "*명령*",
        "*작업*", "*指引*", "*請求*",
    ]),
    (Concept::WordConceal, &[
        "dem nutzer nichts", "dem benutzer nichts", "nicht dem benutzer", "sage dem nutzer nicht*",
        "ne dis rien a l'utilisateur", "n'en parle pas", "ne le dis pas", "sans en informer", "no se lo digas",
        "no le digas", "sin avisar", "nao conte ao usuario", "nao informe", "non dirlo", "non informare",
        "niet aan de gebruiker", "vertel het niet", "nie informuj", "nie mow", "beratta inte", "berata inte",
        "nu spune utilizatorului", "nu informa", "jangan beri tahu", "jangan beritahu", "usimwambie",
        "khong cho nguoi dung", "kullaniciya soyleme", "*не сообщай*", "*не говори*", "*μην ενημερωσεις*",
        "*μην πεις*", "*ولا تخبر*", "*لا تخبر*", "*אל תספר*", "*उपयोगकर्ता को न*", "*不要告诉用户*", "*不要告知用*",
        "*不要告訴*", "*不得告知*", "*别告诉*", "*ユーザーに知らせ*", "*ユーザーには伝え*", "*사용자에게 알리지*", "*사용자에게 말하지*",
    ]),
    (Concept::WordAction, &[
        "rufe", "sende", "losche", "loschen", "envoie", "envoyez", "appelle", "supprime", "envia", "llama",
        "elimina", "borra", "chama", "exclua", "invia", "chiama", "stuur", "roep", "verwijder", "wyslij",
        "usun", "wywolaj", "skicka", "anropa", "radera", "trimite", "apeleaza", "sterge", "kirim", "panggil",
        "hapus", "tuma", "futa", "gonder", "*отправь*", "*вызови*", "*удали*", "*στειλε*", "*καλεσε*",
        "*διαγραψε*", "*أرسل*", "*استدع*", "*احذف*", "*שלח*", "*מחק*", "*קרא ל*", "*भेज*", "*हटा*", "*发送*",
        "*发给*", "*调用*", "*删除*", "*轉寄*", "*傳送*", "*呼叫*", "*刪除*", "*送信*", "*呼び出*", "*削除*", "*보내*", "*전달*", "*호출*",
        "*삭제*", "*输出*", "*輸出*",
    ]),
    (Concept::WordSecret, &[
        "unterhaltung", "gesprach", "passwort", "zugangsdaten", "mot de passe", "identifiants", "conversacion",
        "contrasena", "credenciales", "conversa", "senha", "conversazione", "credenziali", "conversatie",
        "gesprek", "wachtwoord", "rozmowe", "hasla", "haslo", "konversationen", "losenord", "conversatia",
        "parola", "percakapan", "kata sandi", "mazungumzo", "sohbet", "*переписк*", "*пароль*", "*разговор*",
        "*συνομιλια*", "*κωδικο*", "*المحادثة*", "*كلمة المرور*", "*השיחה*", "*הסיסמ*", "*बातचीत*", "*पासवर्ड*",
        "*对话*", "*密码*", "*邮件*", "*對話*", "*密碼*", "*郵件*", "*会話*", "*パスワード*", "*대화*", "*비밀번호*", "*提示词*", "*提示詞*",
    ]),
];
