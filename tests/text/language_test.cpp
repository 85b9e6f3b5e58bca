#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "attune/text.hpp"

namespace attune::text {

TEST_CASE("language: a sentence or two is enough to tell") {
  const std::vector<std::pair<std::string_view, std::string_view>> cases{
      {"en", "The attention mechanism lets a model look at the parts of the input that matter."},
      {"de", "Der Mechanismus erlaubt es dem Modell, auf die wichtigen Teile der Eingabe zu achten, und das ist gut."},
      {"fr", "Le mécanisme permet au modèle de se concentrer sur les parties de l'entrée qui sont importantes."},
      {"es", "El mecanismo permite que el modelo preste atención a las partes de la entrada que son importantes."},
      {"it", "Il meccanismo permette al modello di guardare le parti della frase che sono più importanti."},
      {"pt", "O mecanismo permite que o modelo preste atenção às partes da entrada que são mais importantes."},
      {"nl", "Het mechanisme laat het model kijken naar de delen van de invoer die voor het antwoord van belang zijn."},
      {"sv", "Mekanismen gör att modellen kan se på de delar av texten som är viktiga för att ge ett svar."},
      {"da", "Mekanismen gør at modellen kan se på de dele af teksten som er vigtige for at give et svar."},
      {"fi", "Mekanismi auttaa mallia, joka on tässä, ja se katsoo vain niitä osia, jotka ovat myös tärkeitä."},
      {"pl", "Mechanizm pozwala, aby model zwracał uwagę na te części, które są ważne, i nie jest to trudne."},
      {"tr", "Bu mekanizma ile model bir metnin daha önemli olan kısımlarına bakar ve çok iyi sonuç verir."},
      {"zh", "注意力机制让模型关注输入中重要的部分。"},
      {"zh", "注意力機制讓模型關注輸入中重要的部分。"},
      {"zh", "运行 apt install nginx 然后编辑 /etc/nginx/nginx.conf 配置文件"},
      {"ja", "注意機構は、入力の重要な部分にモデルを集中させる。"},
      {"ko", "주의 메커니즘은 모델이 중요한 부분에 집중하게 한다."},
      {"ru", "Механизм внимания позволяет модели сосредоточиться на важном."},
      {"uk", "Механізм уваги дозволяє моделі зосередитися на важливому."},
      {"el", "Ο μηχανισμός προσοχής βοηθά το μοντέλο."},
      {"ar", "آلية الانتباه تسمح للنموذج بالتركيز على الأجزاء المهمة."},
      {"fa",
       "سازوکار توجه به مدل کمک می‌کند که روی بخش‌های مهم گیر نکند "
       "چون "
       "پیش "
       "می‌رود."},
      {"he", "מנגנון הקשב מאפשר למודל להתמקד."},
      {"th", "กลไกความสนใจช่วยให้โมเดลมุ่งเน้น"},
      {"hi", "ध्यान तंत्र मॉडल को महत्वपूर्ण भागों पर ध्यान केंद्रित करने देता है।"},
      {"", "nginx 1.25.3"},
      {"", ""},
      {"", "12345 --- !!!"},
  };
  for (const auto& [language, text] : cases) {
    CAPTURE(text);
    CHECK(detect_language(text) == language);
  }
}

}  // namespace attune::text
