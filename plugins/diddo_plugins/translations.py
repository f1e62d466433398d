"""What the first-party errors say in German, French, Spanish, Japanese and Arabic: a constant per code, by language."""

from collections.abc import Mapping
from types import MappingProxyType

from diddo_rules import Translation

__all__ = [
    "ALREADY_SUBMITTED",
    "BUYER_IDENTITY_MISSING",
    "CART_NOT_FOUND",
    "MISSING_CART_LINES",
    "MISSING_STORES",
    "MISSING_STORE_DOMAIN",
    "MISSING_TOTAL_COST",
    "SHIPPING_ADDRESS_UNAVAILABLE",
    "VARIANT_NOT_FOUND",
]


def _said(**by_language: tuple[str, str]) -> Mapping[str, Translation]:
    return MappingProxyType({language: Translation(*texts) for language, texts in by_language.items()})


CART_NOT_FOUND = _said(
    de=(
        "Es gibt keinen Warenkorb mit der ID „{cart_id}“.",
        (
            "Legen Sie einen Warenkorb an, indem Sie mit POST /cart/add einen Artikel hinzufügen, "
            "und verwenden Sie die ID aus der Antwort."
        ),
    ),
    fr=(
        "Il n’existe aucun panier avec l’identifiant «\xa0{cart_id}\xa0».",
        (
            "Créez un panier en ajoutant un article avec POST /cart/add, "
            "puis utilisez l’identifiant renvoyé dans la réponse."
        ),
    ),
    es=(
        "No existe ningún carrito con el identificador «{cart_id}».",
        (
            "Cree un carrito añadiendo un artículo con POST /cart/add "
            "y utilice el identificador que se devuelve en la respuesta."
        ),
    ),
    ja=(
        "ID「{cart_id}」のカートは存在しません。",
        "POST /cart/add で商品を追加してカートを作成し、レスポンスの ID を使用してください。",
    ),
    ar=(
        "لا توجد سلة تسوق بالمعرّف «{cart_id}».",
        "أنشئ سلة بإضافة منتج عبر POST /cart/add، ثم استخدم المعرّف الوارد في الرد.",
    ),
)

ALREADY_SUBMITTED = _said(
    de=(
        "Für den Warenkorb „{cart_id}“ wurde bereits eine Checkout-Sitzung erstellt.",
        (
            "Fragen Sie den Stand des Warenkorbs mit GET /cart/status/:id ab "
            "oder legen Sie für eine weitere Bestellung einen neuen Warenkorb an."
        ),
    ),
    fr=(
        "Une session de paiement a déjà été créée pour le panier «\xa0{cart_id}\xa0».",
        "Suivez le panier avec GET /cart/status/:id, ou créez un nouveau panier pour une autre commande.",
    ),
    es=(
        "Ya se ha creado una sesión de pago para el carrito «{cart_id}».",
        "Consulte el estado del carrito con GET /cart/status/:id o cree un carrito nuevo para otro pedido.",
    ),
    ja=(
        "カート「{cart_id}」のチェックアウトセッションはすでに作成されています。",
        "GET /cart/status/:id でカートの状況を確認するか、別の注文には新しいカートを作成してください。",
    ),
    ar=(
        "سبق إنشاء جلسة دفع لسلة التسوق «{cart_id}».",
        "تابع حالة السلة عبر GET /cart/status/:id، أو أنشئ سلة جديدة لطلب آخر.",
    ),
)

BUYER_IDENTITY_MISSING = _said(
    de=(
        "Im Warenkorb fehlen die Kundendaten.",
        "Übermitteln Sie Name, Anschrift und Kontaktdaten der Kundin oder des Kunden mit POST /cart/customer.",
    ),
    fr=(
        "Le panier ne contient aucune information sur le client.",
        "Envoyez le nom, l’adresse et les coordonnées du client avec POST /cart/customer.",
    ),
    es=(
        "El carrito no tiene datos del cliente.",
        "Envíe el nombre, la dirección y los datos de contacto del cliente con POST /cart/customer.",
    ),
    ja=(
        "カートに購入者情報がありません。",
        "POST /cart/customer で購入者の氏名、住所、連絡先を送信してください。",
    ),
    ar=(
        "لا تحتوي سلة التسوق على بيانات العميل.",
        "أرسل اسم العميل وعنوانه وبيانات الاتصال به عبر POST /cart/customer.",
    ),
)

MISSING_TOTAL_COST = _said(
    de=(
        "Der Warenkorb hat keinen Gesamtpreis, weil die Preisberechnung oder die Varianten falsch konfiguriert sind.",
        "Prüfen Sie, ob jede Variante im Warenkorb einen Preis hat, und laden Sie den Warenkorb dann erneut.",
    ),
    fr=(
        "Le panier n’a pas de montant total, car le calcul des prix ou les variantes sont mal configurés.",
        "Vérifiez que chaque variante du panier a un prix, puis rechargez le panier.",
    ),
    es=(
        "El carrito no tiene importe total porque el cálculo de precios o las variantes están mal configurados.",
        "Compruebe que cada variante del carrito tenga un precio y vuelva a cargar el carrito.",
    ),
    ja=(
        "価格計算またはバリエーションの設定に誤りがあるため、カートの合計金額がありません。",
        "カート内のすべてのバリエーションに価格が設定されていることを確認し、カートを再読み込みしてください。",
    ),
    ar=(
        "لا يوجد إجمالي لسلة التسوق بسبب خطأ في إعداد التسعير أو خيارات المنتجات.",
        "تحقق من أن لكل خيار في السلة سعرًا، ثم أعد تحميل السلة.",
    ),
)

MISSING_STORES = _said(
    de=("Der Warenkorb enthält keinen Shop.", "Legen Sie mit POST /cart/add etwas in den Warenkorb."),
    fr=("Le panier ne contient aucune boutique.", "Ajoutez un article au panier avec POST /cart/add."),
    es=("El carrito no contiene ninguna tienda.", "Añada algo al carrito con POST /cart/add."),
    ja=("カートにストアが 1 つも含まれていません。", "POST /cart/add でカートに商品を追加してください。"),
    ar=("لا تحتوي سلة التسوق على أي متجر.", "أضف منتجًا إلى السلة عبر POST /cart/add."),
)

MISSING_STORE_DOMAIN = _said(
    de=(
        "Shop {position} im Warenkorb hat keine Domain.",
        (
            "Bitten Sie die für den Katalog zuständige Stelle, die Domain des Shops einzutragen, "
            "und fügen Sie dessen Artikel dann erneut hinzu."
        ),
    ),
    fr=(
        "La boutique {position} du panier n’a pas de domaine.",
        (
            "Demandez au responsable du catalogue de renseigner le domaine de la boutique, "
            "puis ajoutez de nouveau ses articles."
        ),
    ),
    es=(
        "La tienda {position} del carrito no tiene dominio.",
        "Pida al responsable del catálogo que indique el dominio de la tienda y vuelva a añadir sus artículos.",
    ),
    ja=(
        "カート内の {position} 番目のストアにドメインがありません。",
        "カタログの管理者にストアのドメインの設定を依頼し、そのストアの商品を追加し直してください。",
    ),
    ar=(
        "المتجر رقم {position} في سلة التسوق ليس له نطاق.",
        "اطلب من مسؤول الكتالوج تحديد نطاق المتجر، ثم أضف منتجاته من جديد.",
    ),
)

SHIPPING_ADDRESS_UNAVAILABLE = _said(
    de=(
        "Für Shop {position} im Warenkorb ist keine Versandart ausgewählt.",
        (
            "Rufen Sie die Versandarten mit GET /cart/shipping-rates/:id ab "
            "und wählen Sie mit POST /cart/shipping-method eine aus."
        ),
    ),
    fr=(
        "Aucun mode de livraison n’est sélectionné pour la boutique {position} du panier.",
        (
            "Consultez les modes de livraison avec GET /cart/shipping-rates/:id, "
            "puis choisissez-en un avec POST /cart/shipping-method."
        ),
    ),
    es=(
        "No se ha seleccionado ningún método de envío para la tienda {position} del carrito.",
        "Consulte los métodos con GET /cart/shipping-rates/:id y elija uno con POST /cart/shipping-method.",
    ),
    ja=(
        "カート内の {position} 番目のストアの配送方法が選択されていません。",
        "GET /cart/shipping-rates/:id で配送方法を取得し、POST /cart/shipping-method で選択してください。",
    ),
    ar=(
        "لم تُحدَّد طريقة شحن للمتجر رقم {position} في سلة التسوق.",
        "اعرض طرق الشحن عبر GET /cart/shipping-rates/:id، ثم اختر إحداها عبر POST /cart/shipping-method.",
    ),
)

MISSING_CART_LINES = _said(
    de=(
        "Shop {position} im Warenkorb hat keine Positionen.",
        (
            "Fügen Sie mit POST /cart/add einen Artikel dieses Shops hinzu "
            "oder entfernen Sie den Shop mit seinem letzten Artikel."
        ),
    ),
    fr=(
        "La boutique {position} du panier n’a aucune ligne.",
        "Ajoutez un article de cette boutique avec POST /cart/add, ou retirez la boutique avec son dernier article.",
    ),
    es=(
        "La tienda {position} del carrito no tiene líneas.",
        "Añada un artículo de esta tienda con POST /cart/add o elimine la tienda junto con su último artículo.",
    ),
    ja=(
        "カート内の {position} 番目のストアに明細がありません。",
        "POST /cart/add でこのストアの商品を追加するか、最後の商品とともにストアを削除してください。",
    ),
    ar=(
        "لا توجد بنود للمتجر رقم {position} في سلة التسوق.",
        "أضف منتجًا من هذا المتجر عبر POST /cart/add، أو أزِل المتجر مع آخر منتج له.",
    ),
)

VARIANT_NOT_FOUND = _said(
    de=(
        "Position {line} von Shop {position} enthält die unbekannte Variante „{variant_id}“.",
        (
            "Entfernen Sie die Position mit DELETE /cart/items "
            "und fügen Sie eine Variante hinzu, die GET /products aufführt."
        ),
    ),
    fr=(
        "La ligne {line} de la boutique {position} contient une variante inconnue, «\xa0{variant_id}\xa0».",
        "Retirez la ligne avec DELETE /cart/items, puis ajoutez une variante répertoriée par GET /products.",
    ),
    es=(
        "La línea {line} de la tienda {position} contiene una variante desconocida, «{variant_id}».",
        "Elimine la línea con DELETE /cart/items y añada una variante que figure en GET /products.",
    ),
    ja=(
        "{position} 番目のストアの {line} 行目に不明なバリエーション「{variant_id}」があります。",
        "DELETE /cart/items で該当の明細を削除し、GET /products に掲載されているバリエーションを追加してください。",
    ),
    ar=(
        "يحتوي البند رقم {line} من المتجر رقم {position} على خيار منتج غير معروف «{variant_id}».",
        "أزِل البند عبر DELETE /cart/items، ثم أضف خيارًا مدرجًا في GET /products.",
    ),
)
