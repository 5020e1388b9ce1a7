"""What the desk keeps of a customer goes with the customer; that a slip was typed stays."""

from kaquan.registration.models import Slip, SlipPhoto


def forget_holder(customer_id: int) -> None:
    """Take name, phone and photo off a customer's slips, within the caller's transaction."""
    SlipPhoto.objects.filter(slip__customer_id=customer_id).delete()
    Slip.objects.filter(customer_id=customer_id).update(
        holder_name=None, holder_phone=None, holder_phone_index=None
    )
